#include "exchange/surveys_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/clusters.h"
#include "analysis/stored_certificate.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "exchange/surveys_names.h"
#include "exchange/surveys_peers.h"
#include "exchange/zgrab_json.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

// Sorted members and two blanks, as Python's json.dumps(sort_keys=True, indent=2) writes them.
using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

constexpr uint16_t kHttpsPort = 443;
constexpr int64_t kMillis = 1000;

std::string Pretty(const Json& record) {
  return record.dump(2, ' ', true, Json::error_handler_t::replace);
}

std::string Tag(uint16_t port) {
  return StrCat("p", port);
}

// A JSON array in a file, a record after another with a line of a comma between them.
class ArrayFile {
 public:
  ArrayFile(std::string name, const FolderSink& sink) : name_(std::move(name)), sink_(&sink) {}

  Status Add(const std::string& record) {
    const Status added = (*sink_)(name_, (empty_ ? "[\n" : ",\n") + record + "\n");
    empty_ = false;
    return added;
  }
  Status End() { return (*sink_)(name_, empty_ ? "[\n]\n" : "]\n"); }

 private:
  std::string name_;
  const FolderSink* sink_;
  bool empty_ = true;
};

class Surveys {
 public:
  Surveys(const RunReader& reader, const FolderSink& sink)
      : reader_(reader),
        sink_(sink),
        fingerprints_("fingerprints.json", sink),
        collisions_("collisions.json", sink) {}

  Result<SurveysSummary> Write() {
    HARK_ASSIGN_OR_RETURN(hosts_, HostTable::Read(reader_));
    HARK_ASSIGN_OR_RETURN(clustering_, FindClusters(reader_, hosts_));
    HARK_ASSIGN_OR_RETURN(peers_, SurveyPeers::Read(reader_, hosts_));
    for (size_t i = 0; i < clustering_.clusters.size(); ++i) {
      clusters_.emplace_back(StrCat("cluster", i + 1, ".json"), sink_);
    }
    HARK_RETURN_IF_ERROR(reader_.ForEachRecord(
        [&](const Address& address, const proto::HostRow& row) { return Begin(address, row); },
        [&](const Address&, uint16_t port, const proto::PortRow& row) { return Add(port, row); }));
    HARK_RETURN_IF_ERROR(End());
    HARK_RETURN_IF_ERROR(fingerprints_.End());
    HARK_RETURN_IF_ERROR(collisions_.End());
    for (ArrayFile& cluster : clusters_) HARK_RETURN_IF_ERROR(cluster.End());
    summary_.clusters = clusters_.size();
    return summary_;
  }

 private:
  Status Begin(const Address& address, const proto::HostRow& row) {
    HARK_RETURN_IF_ERROR(End());
    host_ = host_ == Clustering::kNone ? 0 : host_ + 1;
    started_unix_ = (row.started_unix_ms() + row.clock_offset_ms()) / kMillis;
    const double seconds = row.duration_ms() / static_cast<double>(kMillis);
    all_seconds_ += seconds;
    raw_ = {{"ip", address.ToString()},
            {"writer", "FreshGrab.py"},
            {"duration", seconds},
            {"average", all_seconds_ / (host_ + 1)}};
    fprints_ = Json::object();
    analysis_ = Json::object();
    names_ = SurveyNames();
    return Status::Ok();
  }

  Status Add(uint16_t port, const proto::PortRow& row) {
    const proto::PortObservation& seen = row.observation();
    const std::string tag = Tag(port);
    const bool failed = !seen.has_ssh() && !seen.has_tls() && seen.greeting().empty();
    if (failed) {
      raw_[tag] = std::string(OutcomeName(static_cast<Outcome>(seen.outcome())));
      return Status::Ok();
    }
    if (seen.has_ssh()) {
      AddSsh(tag, seen.ssh());
    } else {
      HARK_RETURN_IF_ERROR(AddTls(tag, port, seen));
    }
    if (SurveyPortIndex(port) < 0) {
      fprints_.erase(tag);
      analysis_.erase(tag);
    }
    return Status::Ok();
  }

  void AddSsh(const std::string& tag, const proto::SshFacts& ssh) {
    raw_[tag]["data"]["xssh"] = ZgrabSshJson(ssh);
    analysis_[tag] = Json::object();
    if (ssh.keys_size() == 0) return;
    const SshKeyInfo info = ReadSshKey(ssh.keys(0).blob());
    fprints_[tag] = HexEncode(Sha256(ssh.keys(0).blob()));
    if (info.type == "ssh-rsa") {
      analysis_[tag]["rsalen"] = info.bits;
    } else {
      analysis_[tag]["alg"] = info.type;
    }
  }

  Status AddTls(const std::string& tag, uint16_t port, const proto::PortObservation& seen) {
    Ordered data = Ordered::object();
    if (!seen.greeting().empty()) data["banner"] = seen.greeting();
    if (port == 25) names_.AddBanner(seen.greeting());
    analysis_[tag] = Json::object();
    if (seen.has_tls()) {
      HARK_ASSIGN_OR_RETURN(Ordered handshake, ZgrabTlsJson(reader_, seen.tls()));
      Ordered& place =
          port == kHttpsPort ? data["http"]["response"]["request"]["tls_handshake"] : data["tls"];
      place = std::move(handshake);
      HARK_RETURN_IF_ERROR(AddLeaf(tag, seen.tls()));
    }
    raw_[tag]["data"] = std::move(data);
    return Status::Ok();
  }

  Status AddLeaf(const std::string& tag, const proto::TlsFacts& tls) {
    Json& analysis = analysis_[tag];
    if (tls.chain_sha256_size() == 0) return Status::Ok();
    HARK_ASSIGN_OR_RETURN(const std::optional<CertificateFacts> leaf,
                          ReadStoredCertificate(reader_, tls.chain_sha256(0)));
    if (!leaf) return Status::Ok();
    fprints_[tag] = leaf->key.ToHex();
    analysis["cipher_suite"] = tls.cipher_suite();
    analysis["self_signed"] = leaf->self_signed;
    if (leaf->key_type == "rsa") {
      analysis["rsalen"] = leaf->key_bits;
    } else if (leaf->key_type == "ecdsa") {
      analysis["ecdsacurve"] = leaf->curve;
    } else {
      analysis["spkialg"] = leaf->key_type;
    }
    analysis["timely"] =
        leaf->not_before_unix <= started_unix_ && started_unix_ < leaf->not_after_unix;
    names_.AddCertificate(tag, *leaf);
    return Status::Ok();
  }

  // The host whose ports have all come.
  Status End() {
    if (host_ == Clustering::kNone) return Status::Ok();
    ++summary_.records;
    HARK_RETURN_IF_ERROR(sink_("records.fresh", ZgrabText(raw_) + "\n"));
    const uint32_t cluster = clustering_.cluster_of[host_];
    const bool clustered = cluster != Clustering::kNone;
    if (!hosts_.takes_part(host_) || (fprints_.empty() && !clustered)) return Status::Ok();
    ++summary_.with_keys;
    Json record = Record();
    HARK_RETURN_IF_ERROR(fingerprints_.Add(Pretty(record)));
    if (!clustered) return Status::Ok();
    AddPeers(cluster, record);
    const std::string text = Pretty(record);
    HARK_RETURN_IF_ERROR(collisions_.Add(text));
    return clusters_[cluster].Add(text);
  }

  static void PutAs(uint32_t asn, Json& record) {
    record["asn"] = asn == 0 ? Json(-1) : Json(StrCat("as", asn));
    record["asndec"] = asn == 0 ? Json("unknown") : Json(asn);
  }

  // As it is before anybody was compared with anybody.
  Json Record() {
    analysis_["nameset"] = names_.Take();
    Json record = {{"writer", "FreshGrab.py"},
                   {"ip", hosts_.address(host_).ToString()},
                   {"ip_record", host_},
                   {"fprints", fprints_},
                   {"analysis", analysis_},
                   {"clusternum", 0},
                   {"csize", 0},
                   {"nrcs", 0},
                   {"rcs", Json::object()}};
    PutAs(hosts_.asn(host_), record);
    return record;
  }

  void AddPeers(uint32_t cluster, Json& record) const {
    const uint64_t size = clustering_.clusters[cluster].members.size();
    const uint64_t most = std::max<uint64_t>(kMaxListedPeers / size, 1);
    uint64_t count = 0;
    const std::vector<SurveyPeer> peers = peers_.Of(host_, most, &count);
    record["clusternum"] = cluster + 1;
    record["csize"] = size;
    record["nrcs"] = count;
    if (peers.size() < count) record["rcs_left_out"] = count - peers.size();
    Json& rcs = record["rcs"];
    for (const SurveyPeer& peer : peers) {
      Json entry = {{"ip", hosts_.address(peer.host).ToString()}};
      if (hosts_.asn(peer.host) != hosts_.asn(host_)) PutAs(hosts_.asn(peer.host), entry);
      entry["ports"] = SurveyMaskHex(peer.mask);
      entry["str_colls"] = SurveyMaskText(peer.mask);
      rcs[std::to_string(peer.host)] = std::move(entry);
    }
  }

  const RunReader& reader_;
  const FolderSink& sink_;
  HostTable hosts_;
  Clustering clustering_;
  SurveyPeers peers_;
  ArrayFile fingerprints_, collisions_;
  std::vector<ArrayFile> clusters_;
  SurveysSummary summary_;

  uint32_t host_ = Clustering::kNone;  // whose ports come in; the next follows
  int64_t started_unix_ = 0;
  double all_seconds_ = 0;
  Ordered raw_;
  Json fprints_, analysis_;
  SurveyNames names_;
};

}  // namespace

int SurveyPortIndex(uint16_t port) {
  const auto at = std::find(std::begin(kSurveyPorts), std::end(kSurveyPorts), port);
  return at == std::end(kSurveyPorts) ? -1 : static_cast<int>(at - std::begin(kSurveyPorts));
}

std::string SurveyMaskText(uint64_t mask) {
  std::string text;
  for (size_t local = 0; local < std::size(kSurveyPorts); ++local) {
    for (size_t remote = 0; remote < std::size(kSurveyPorts); ++remote) {
      if ((mask >> (remote + 8 * local) & 1) == 0) continue;
      text += StrCat(Tag(kSurveyPorts[local]), "==", Tag(kSurveyPorts[remote]), ";");
    }
  }
  return text;
}

std::string SurveyMaskHex(uint64_t mask) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(mask >> shift));
  return "0x" + HexEncode(bytes);
}

Result<SurveysSummary> WriteSurveys(const RunReader& reader, const FolderSink& sink) {
  return Surveys(reader, sink).Write();
}

}  // namespace hark

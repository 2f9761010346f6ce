#include "exchange/shown_port.h"

#include <algorithm>
#include <map>

#include "keys/certificate.h"
#include "keys/ssh_key.h"
#include "storage/remember.h"

namespace hark {
namespace {

constexpr int64_t kMillis = 1000;

bool LooksLikeSsh(std::string_view banner) {
  return banner.substr(0, 4) == "SSH-";
}

void DescribeBlob(std::string blob, ShownKey& key) {
  const SshKeyInfo info = ReadSshKey(blob);
  key.id = info.id.bytes();
  key.type = info.type;
  key.bits = info.bits;
  key.blob = std::move(blob);
}

void DescribeSpki(std::string_view spki, ShownKey& key) {
  if (auto blob = SshBlobOfSpki(spki)) return DescribeBlob(std::move(*blob), key);
  key.id = Sha256(spki);
}

// A port in a run: what the row says, and the certificates' bodies for the keys in them.
class RunPorts {
 public:
  RunPorts(const RunReader& reader, const ShownVisitor& visit) : reader_(reader), visit_(visit) {}

  Status Host(const Address& address, const proto::HostRow& row) {
    host_ = ShownPort();
    host_.host = address;
    host_.country = row.country();
    host_.asn = row.asn();
    host_.names.assign(row.names().begin(), row.names().end());
    host_.first_unix_s = host_.last_unix_s =
        (row.started_unix_ms() + row.clock_offset_ms()) / kMillis;
    return Status::Ok();
  }

  Status Port(uint16_t port, const proto::PortRow& row) {
    ShownPort shown = host_;
    shown.port = port;
    shown.ssh = row.observation().has_ssh();
    for (const SightedFact& fact : FactsOfRow(row)) HARK_RETURN_IF_ERROR(Add(fact, shown));
    for (const ShownCertificate& certificate : shown.certificates) KeyOf(certificate, shown);
    const bool nothing = shown.keys.empty() && shown.certificates.empty() && shown.banner.empty() &&
                         !shown.algorithms;
    return nothing ? Status::Ok() : visit_(shown);
  }

 private:
  Status Add(const SightedFact& fact, ShownPort& shown) {
    switch (fact.fact.kind) {
      case FactKind::kKey:
        AddKey(fact, shown);
        break;
      case FactKind::kCertificate:
        return AddCertificate(fact, shown);
      case FactKind::kBanner:
        shown.banner = fact.body;
        break;
      case FactKind::kAlgorithms:
        shown.algorithms.emplace();
        if (!shown.algorithms->ParseFromString(fact.body)) shown.algorithms.reset();
        break;
      case FactKind::kOutcome:
      case FactKind::kTls:
        break;
    }
    return Status::Ok();
  }

  static void AddKey(const SightedFact& fact, ShownPort& shown) {
    ShownKey& key = shown.keys.emplace_back();
    key.first_unix_s = key.last_unix_s = shown.last_unix_s;
    key.sightings = 1;
    key.id = fact.sha256;
    if (!fact.body.empty()) DescribeBlob(fact.body, key);
  }

  Status AddCertificate(const SightedFact& fact, ShownPort& shown) {
    Result<std::string> der = reader_.Certificate(fact.sha256);
    if (!der.ok() && der.status().code() != StatusCode::kNotFound) return der.status();
    shown.certificates.push_back({fact.sha256, der.ok() ? std::move(der).value() : "",
                                  shown.first_unix_s, shown.last_unix_s});
    return Status::Ok();
  }

  static void KeyOf(const ShownCertificate& certificate, ShownPort& shown) {
    const std::optional<std::string> spki = SpkiOfCertificate(certificate.der);
    if (!spki) return;
    const std::string id = Sha256(*spki);
    for (ShownKey& key : shown.keys) {
      if (key.id == id && key.blob.empty()) DescribeSpki(*spki, key);
    }
  }

  const RunReader& reader_;
  const ShownVisitor& visit_;
  ShownPort host_;
};

// A place of the history. Bodies are read once however many visits there are.
class PlacePorts {
 public:
  PlacePorts(const HistoryReader& history, const ShownVisitor& visit)
      : history_(history), visit_(visit) {}

  Status Whole(const FactUse& place, const Timeline& timeline) {
    ShownPort shown;
    Begin(place, timeline.facts(), timeline.first_unix_s(), timeline.last_unix_s(), shown);
    std::map<Fact, FactInterval> spans;
    for (const Fact& fact : timeline.facts()) {
      if (const auto span = timeline.Span(fact)) spans[fact] = *span;
    }
    // The last of what there is one of.
    std::vector<FactInterval> by_last;
    for (const auto& [fact, span] : spans) by_last.push_back(span);
    std::stable_sort(
        by_last.begin(), by_last.end(),
        [](const FactInterval& a, const FactInterval& b) { return a.last_unix_s < b.last_unix_s; });
    for (const FactInterval& span : by_last) HARK_RETURN_IF_ERROR(Add(span, shown));
    return visit_(shown);
  }

  Status Each(const FactUse& place, const Timeline& timeline) {
    keys_.clear();
    for (const Timeline::Visit& visit : timeline.Visits()) {
      std::vector<Fact> facts;
      for (const uint32_t position : visit.facts) facts.push_back(timeline.facts()[position]);
      ShownPort shown;
      Begin(place, facts, visit.unix_s, visit.unix_s, shown);
      for (const Fact& fact : facts) {
        HARK_RETURN_IF_ERROR(Add({fact, visit.unix_s, visit.unix_s, 1}, shown));
      }
      HARK_RETURN_IF_ERROR(visit_(shown));
    }
    return Status::Ok();
  }

 private:
  static void Begin(const FactUse& place, const std::vector<Fact>& facts, int64_t first,
                    int64_t last, ShownPort& shown) {
    shown.host = place.host;
    shown.port = place.port;
    shown.first_unix_s = first;
    shown.last_unix_s = last;
    // Importers of keys alone say neither banner nor lists.
    const auto has = [&](FactKind kind) {
      return std::any_of(facts.begin(), facts.end(),
                         [&](const Fact& fact) { return fact.kind == kind; });
    };
    shown.ssh = has(FactKind::kAlgorithms) ||
                (has(FactKind::kKey) && !has(FactKind::kCertificate) && !has(FactKind::kTls));
  }

  Status Add(const FactInterval& span, ShownPort& shown) {
    switch (span.fact.kind) {
      case FactKind::kKey:
        return AddKey(span, shown);
      case FactKind::kCertificate:
        return AddCertificate(span, shown);
      case FactKind::kBanner: {
        Result<std::string> banner = history_.Banner(span.fact);
        if (!banner.ok()) return Known(banner.status());
        shown.banner = std::move(*banner);
        shown.ssh = shown.ssh || LooksLikeSsh(shown.banner);
        return Status::Ok();
      }
      case FactKind::kAlgorithms: {
        Result<proto::AlgorithmsRow> row = history_.Algorithms(span.fact);
        if (!row.ok()) return Known(row.status());
        shown.algorithms = std::move(*row);
        return Status::Ok();
      }
      case FactKind::kOutcome:
      case FactKind::kTls:
        break;
    }
    return Status::Ok();
  }

  // A body that nobody told is no failure.
  static Status Known(const Status& status) {
    return status.code() == StatusCode::kNotFound ? Status::Ok() : status;
  }

  Status AddKey(const FactInterval& span, ShownPort& shown) {
    const auto [at, is_new] = keys_.try_emplace(span.fact);
    if (is_new) HARK_RETURN_IF_ERROR(Describe(span.fact, at->second));
    ShownKey& key = shown.keys.emplace_back(at->second);
    key.first_unix_s = span.first_unix_s;
    key.last_unix_s = span.last_unix_s;
    key.sightings = span.sightings;
    return Status::Ok();
  }

  Status Describe(const Fact& fact, ShownKey& key) {
    key.id = fact.value;
    Result<RememberedKey> body = history_.Key(fact);
    if (!body.ok()) return Known(body.status());
    if (!body->ssh_blob.empty()) {
      DescribeBlob(std::move(body->ssh_blob), key);
    } else {
      DescribeSpki(body->spki, key);
    }
    return Status::Ok();
  }

  Status AddCertificate(const FactInterval& span, ShownPort& shown) {
    Result<std::string> der = history_.Certificate(span.fact);
    Result<std::string> sha256 = history_.CertificateSha256(span.fact);
    if (!der.ok()) HARK_RETURN_IF_ERROR(Known(der.status()));
    if (!sha256.ok()) HARK_RETURN_IF_ERROR(Known(sha256.status()));
    shown.certificates.push_back({sha256.ok() ? *sha256 : span.fact.value,
                                  der.ok() ? std::move(*der) : "", span.first_unix_s,
                                  span.last_unix_s});
    return Status::Ok();
  }

  const HistoryReader& history_;
  const ShownVisitor& visit_;
  std::map<Fact, ShownKey> keys_;  // of this place
};

}  // namespace

std::vector<const ShownKey*> ShownPort::NewestKeys() const {
  int64_t newest = 0;
  for (const ShownKey& key : keys) newest = std::max(newest, key.last_unix_s);
  std::vector<const ShownKey*> out;
  for (const ShownKey& key : keys) {
    if (key.last_unix_s == newest) out.push_back(&key);
  }
  return out;
}

Status ForEachShown(const RunReader& reader, const ShownVisitor& visit) {
  RunPorts ports(reader, visit);
  return reader.ForEachRecord(
      [&](const Address& address, const proto::HostRow& row) { return ports.Host(address, row); },
      [&](const Address&, uint16_t port, const proto::PortRow& row) {
        return ports.Port(port, row);
      });
}

Status ForEachShown(const HistoryReader& history, const HistoryFilter& filter, bool each_visit,
                    const ShownVisitor& visit) {
  return ForEachTimeline(history, filter, [&](const FactUse& place, const Timeline& timeline) {
    PlacePorts ports(history, visit);
    return each_visit ? ports.Each(place, timeline) : ports.Whole(place, timeline);
  });
}

}  // namespace hark

#include "analysis/bundle_facts.h"

#include <algorithm>

#include "analysis/cluster_id.h"
#include "analysis/report.h"
#include "base/strings.h"

namespace hark {
namespace {

class Reader {
 public:
  Reader(const RunReader& reader, const HostTable& hosts, const Clustering& clustering,
         const BundleOwner& owner)
      : reader_(reader), hosts_(hosts), clustering_(clustering), owner_(owner) {}

  Result<BundleFacts> Read() {
    own_.resize(hosts_.size(), false);
    if (owner_.needs_names()) {
      HARK_RETURN_IF_ERROR(FindOwnByNames());
    } else {
      for (uint32_t host = 0; host < hosts_.size(); ++host) Decide(host, {});
    }
    ChooseClusters();
    HARK_RETURN_IF_ERROR(ReadHosts());
    HARK_RETURN_IF_ERROR(ReadPorts());
    return std::move(out_);
  }

 private:
  static constexpr uint32_t kNone = Clustering::kNone;

  void Decide(uint32_t host, const std::set<std::string>& names) {
    if (clustering_.cluster_of[host] == kNone) return;
    if (owner_.Owns(hosts_.address(host), hosts_.asn(host), names)) own_[host] = true;
  }

  // The number of a host that is in a cluster, or kNone.
  uint32_t Clustered(const Address& address) const {
    const std::optional<uint32_t> host = hosts_.Find(address);
    return host && clustering_.cluster_of[*host] != kNone ? *host : kNone;
  }

  // Any one of its names is enough, so each record is asked by itself.
  Status FindOwnByNames() {
    HARK_RETURN_IF_ERROR(
        reader_.ForEachHost([&](const Address& address, const proto::HostRow& row) {
          const uint32_t host = Clustered(address);
          if (host == kNone) return Status::Ok();
          BundleNames shown;
          AddTargetNames(row, shown);
          Decide(host, shown.names);
          return Status::Ok();
        }));
    return reader_.ForEachPort(
        [&](const Address& address, uint16_t, const proto::PortRow& row) -> Status {
          const uint32_t host = Clustered(address);
          if (host == kNone) return Status::Ok();
          BundleNames shown;
          AddObservedNames(row.observation(), shown);
          Decide(host, shown.names);
          HARK_ASSIGN_OR_RETURN(const auto certificates, Certificates(row.observation().tls()));
          for (const BundleNames* names : certificates) Decide(host, names->names);
          return Status::Ok();
        });
  }

  void ChooseClusters() {
    chosen_.resize(clustering_.clusters.size(), kNone);
    for (uint32_t i = 0; i < clustering_.clusters.size(); ++i) {
      const Cluster& cluster = clustering_.clusters[i];
      const bool touched = std::any_of(cluster.members.begin(), cluster.members.end(),
                                       [&](uint32_t host) { return own_[host]; });
      if (!touched) continue;
      chosen_[i] = static_cast<uint32_t>(out_.clusters.size());
      BundleClusterFacts& facts = out_.clusters.emplace_back();
      facts.id = cluster.id;
      for (const uint32_t host : cluster.members) {
        BundleMemberFacts& member = facts.members.emplace_back();
        member.address = hosts_.address(host);
        member.asn = hosts_.asn(host);
        member.own = own_[host];
      }
      // A cluster's id is the beginning of a hash of its keys' ids: it tells them.
      out_.fingerprints.AddHex(ClusterName(cluster.keys));
    }
  }

  BundleMemberFacts* MemberAt(const Address& address) {
    const uint32_t host = Clustered(address);
    if (host == kNone) return nullptr;
    const uint32_t cluster = clustering_.cluster_of[host];
    if (chosen_[cluster] == kNone) return nullptr;
    const std::vector<uint32_t>& members = clustering_.clusters[cluster].members;
    const auto at = std::lower_bound(members.begin(), members.end(), host) - members.begin();
    return &out_.clusters[chosen_[cluster]].members[static_cast<size_t>(at)];
  }

  Status ReadHosts() {
    return reader_.ForEachHost([&](const Address& address, const proto::HostRow& row) {
      if (BundleMemberFacts* member = MemberAt(address)) AddTargetNames(row, member->shown);
      return Status::Ok();
    });
  }

  Status ReadPorts() {
    return reader_.ForEachPort(
        [&](const Address& address, uint16_t port, const proto::PortRow& row) -> Status {
          BundleMemberFacts* member = MemberAt(address);
          if (member == nullptr) return Status::Ok();
          AddObservedNames(row.observation(), member->shown);
          HARK_ASSIGN_OR_RETURN(auto certificates, Certificates(row.observation().tls()));
          for (const BundleNames* names : certificates) member->certificates.push_back(names);
          for (const proto::SshHostKey& key : row.observation().ssh().keys()) {
            out_.fingerprints.AddBlob(key.blob());
          }
          return AddPort(port, row, *member);
        });
  }

  Status AddPort(uint16_t port, const proto::PortRow& row, BundleMemberFacts& member) {
    const proto::PortObservation& seen = row.observation();
    const bool connected = seen.stage() != static_cast<uint32_t>(Stage::kConnect);
    if (!connected && row.keys_size() == 0) return Status::Ok();
    BundlePortFacts& out = member.ports.emplace_back();
    out.port = port;
    out.outcome = seen.outcome() < kOutcomeCount ? static_cast<Outcome>(seen.outcome())
                                                 : Outcome::kLocalError;
    if (!seen.ssh().identification().empty()) {
      out.version = "SSH-" + SshVersionName(seen.ssh().identification());
    }
    if (seen.tls().version() != 0) out.version = TlsVersionName(seen.tls().version());
    for (const std::string& bytes : row.keys()) {
      const std::optional<KeyId> key = KeyId::FromBytes(bytes);
      if (!key) return Corruption(StrCat("a key id on port ", port, " is not 32 bytes"));
      out.keys.push_back(*key);
      out_.fingerprints.AddHash(key->bytes());
    }
    return Status::Ok();
  }

  // The names of the leaves a TLS server showed.
  Result<std::vector<const BundleNames*>> Certificates(const proto::TlsFacts& tls) {
    std::vector<const BundleNames*> found;
    for (const auto* chain : {&tls.chain_sha256(), &tls.other_leaf().chain_sha256()}) {
      if (chain->empty()) continue;
      HARK_ASSIGN_OR_RETURN(const BundleNames* names, CertificateNames(chain->Get(0)));
      found.push_back(names);
    }
    return found;
  }

  Result<const BundleNames*> CertificateNames(const std::string& sha256) {
    std::unique_ptr<BundleNames>& names = out_.certificates[sha256];
    if (names != nullptr) return names.get();
    const Result<std::string> der = reader_.Certificate(sha256);
    // One that the store does not have can be in no bundle either; only its hash is known.
    if (!der.ok() && der.status().code() != StatusCode::kNotFound) return der.status();
    const std::string_view body = der.ok() ? std::string_view(*der) : std::string_view();
    names = std::make_unique<BundleNames>(NamesOfCertificate(body));
    out_.fingerprints.AddCertificate(sha256, body);
    return names.get();
  }

  const RunReader& reader_;
  const HostTable& hosts_;
  const Clustering& clustering_;
  const BundleOwner& owner_;
  std::vector<bool> own_;         // by host number
  std::vector<uint32_t> chosen_;  // by cluster: its index in out_.clusters, or kNone
  BundleFacts out_;
};

}  // namespace

Result<BundleFacts> ReadBundleFacts(const RunReader& reader, const HostTable& hosts,
                                    const Clustering& clustering, const BundleOwner& owner) {
  return Reader(reader, hosts, clustering, owner).Read();
}

}  // namespace hark

#include "analysis/cluster_profile.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "analysis/cause_facts.h"
#include "analysis/stored_certificate.h"
#include "base/strings.h"

namespace hark {
namespace {

void CountLinks(const ClusterDetail& detail, ClusterProfile& out) {
  std::unordered_map<KeyId, size_t> number;
  for (const KeyCount& count : detail.keys) {
    number.emplace(count.key, out.keys.size());
    out.keys.push_back({count, {}, {}});
  }
  // Hosts that show a key on both ports of a pair: those would be linked to themselves.
  std::vector<PortPairLinks> both(out.keys.size());
  for (const Member& member : detail.members) {
    std::map<size_t, std::vector<uint16_t>> ports_of_key;
    for (const MemberPort& port : member.ports) {
      for (const KeyId& key : port.keys) ports_of_key[number.at(key)].push_back(port.port);
    }
    for (const auto& [key, ports] : ports_of_key) {
      for (size_t i = 0; i < ports.size(); ++i) {
        ++out.keys[key].hosts_on_port[ports[i]];
        for (size_t j = i + 1; j < ports.size(); ++j) ++both[key][{ports[i], ports[j]}];
      }
    }
  }
  for (size_t i = 0; i < out.keys.size(); ++i) {
    KeyProfile& key = out.keys[i];
    for (auto one = key.hosts_on_port.begin(); one != key.hosts_on_port.end(); ++one) {
      for (auto other = one; other != key.hosts_on_port.end(); ++other) {
        const std::pair<uint16_t, uint16_t> pair{one->first, other->first};
        const uint64_t links = one == other ? one->second * (one->second - 1) / 2
                                            : one->second * other->second - both[i][pair];
        if (links == 0) continue;
        key.links[pair] = links;
        out.links[pair] += links;
      }
    }
  }
}

class NamesPass {
 public:
  NamesPass(const RunReader& reader, ClusterProfile& out) : reader_(reader), out_(out) {}

  void Add(const Address& address, std::string_view name, const char* source) {
    if (name.empty()) return;
    const auto key = std::pair{AsciiLower(name), std::string(source)};
    const auto at = hosts_of_.find(key);
    if (at == hosts_of_.end() && hosts_of_.size() == kNamesKept) {
      ++out_.names_left_out;
      return;
    }
    // A host says one name on several ports; they come one after another.
    Seen& seen = at == hosts_of_.end() ? hosts_of_[key] : at->second;
    if (seen.hosts > 0 && seen.last == address) return;
    seen.last = address;
    ++seen.hosts;
  }

  Status AddCertificate(const Address& address, const std::string& sha256) {
    const auto [at, first] = names_of_leaf_.try_emplace(sha256);
    if (first) {
      HARK_ASSIGN_OR_RETURN(const std::optional<CertificateFacts> leaf,
                            ReadStoredCertificate(reader_, sha256));
      if (leaf) {
        at->second = leaf->dns_names;
        at->second.push_back(leaf->common_name);
      }
    }
    for (const std::string& name : at->second) Add(address, name, "certificate");
    return Status::Ok();
  }

  void Finish() {
    for (const auto& [what, seen] : hosts_of_) {
      out_.names.push_back({what.first, what.second, seen.hosts});
    }
    std::stable_sort(out_.names.begin(), out_.names.end(),
                     [](const NameCount& a, const NameCount& b) { return a.hosts > b.hosts; });
  }

 private:
  struct Seen {
    uint64_t hosts = 0;
    Address last;
  };

  const RunReader& reader_;
  ClusterProfile& out_;
  std::map<std::pair<std::string, std::string>, Seen> hosts_of_;
  std::unordered_map<std::string, std::vector<std::string>> names_of_leaf_;
};

Status ReadNames(const RunReader& reader, const HostTable& hosts, const Clustering& clustering,
                 uint32_t cluster, ClusterProfile& out) {
  NamesPass names(reader, out);
  const auto inside = [&](const Address& address) {
    return ClusterAt(clustering, hosts, address) == cluster;
  };
  HARK_RETURN_IF_ERROR(reader.ForEachHost([&](const Address& address, const proto::HostRow& row) {
    if (!inside(address)) return Status::Ok();
    for (const std::string& name : row.names()) names.Add(address, name, "target");
    return Status::Ok();
  }));
  HARK_RETURN_IF_ERROR(reader.ForEachPort(
      [&](const Address& address, uint16_t port, const proto::PortRow& row) -> Status {
        if (!inside(address)) return Status::Ok();
        const proto::PortObservation& seen = row.observation();
        if (port == 25) names.Add(address, NameInGreeting(seen.greeting()), "greeting");
        if (seen.tls().chain_sha256_size() == 0) return Status::Ok();
        return names.AddCertificate(address, seen.tls().chain_sha256(0));
      }));
  names.Finish();
  return Status::Ok();
}

}  // namespace

Result<ClusterProfile> ReadClusterProfile(const RunReader& reader, const HostTable& hosts,
                                          const Clustering& clustering, uint32_t cluster,
                                          const ClusterDetail& detail) {
  ClusterProfile out;
  CountLinks(detail, out);
  std::map<uint32_t, uint64_t> hosts_of_as;
  for (const Member& member : detail.members) ++hosts_of_as[member.asn];
  for (const auto& [asn, n] : hosts_of_as) out.ases.push_back({asn, n});
  std::stable_sort(out.ases.begin(), out.ases.end(),
                   [](const AsShare& a, const AsShare& b) { return a.hosts > b.hosts; });
  HARK_RETURN_IF_ERROR(ReadNames(reader, hosts, clustering, cluster, out));
  return out;
}

Clustering OnlyCluster(const Clustering& clustering, uint32_t cluster) {
  Clustering out;
  out.clusters = {clustering.clusters[cluster]};
  out.cluster_of.assign(clustering.cluster_of.size(), Clustering::kNone);
  for (const uint32_t host : out.clusters[0].members) out.cluster_of[host] = 0;
  return out;
}

}  // namespace hark

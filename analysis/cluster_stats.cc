#include "analysis/cluster_stats.h"

#include <algorithm>
#include <unordered_set>

#include "analysis/key_groups.h"
#include "base/distinct.h"
#include "base/ssh_port.h"
#include "base/strings.h"

namespace hark {
namespace {

bool MoreUsed(const KeyCount& a, const KeyCount& b) {
  return a.host_ports != b.host_ports ? a.host_ports > b.host_ports : a.key < b.key;
}

// A certificate belongs to one key, a key to one cluster of a run: a set for the whole run tells
// the distinct ones of every cluster.
class PortsPass {
 public:
  PortsPass(const HostTable& hosts, const Clustering& clustering, const LeafJudge& judge,
            std::vector<ClusterStats>& stats)
      : hosts_(hosts), clustering_(clustering), judge_(judge), stats_(stats) {}

  Status Visit(const Address& address, uint16_t port, const proto::PortRow& row) {
    if (row.keys_size() == 0) return Status::Ok();
    const std::optional<uint32_t> host = hosts_.Find(address);
    if (!host) return Corruption(StrCat("a port of ", address.ToString(), ", but no host"));
    const uint32_t cluster = clustering_.cluster_of[*host];
    if (cluster == Clustering::kNone) return Status::Ok();
    ClusterStats& stats = stats_[cluster];
    ++stats.host_ports;
    const bool ssh = IsSshPort(port);
    ++(ssh ? stats.ssh_ports : stats.tls_ports);
    if (!judge_ || row.observation().tls().chain_sha256_size() == 0) return Status::Ok();
    HARK_ASSIGN_OR_RETURN(const LeafVerdict verdict, judge_(*host, row));
    if (verdict.trusted) Count(verdict, row.observation().tls().chain_sha256(0), stats);
    return Status::Ok();
  }

 private:
  void Count(const LeafVerdict& verdict, const std::string& leaf, ClusterStats& stats) {
    const std::optional<KeyId> id = KeyId::FromBytes(leaf);
    const bool first = id && counted_.insert(*id).second;
    ++stats.trusted;
    stats.trusted_certs += first ? 1 : 0;
    if (!verdict.wildcard) return;
    ++stats.wildcard;
    stats.wildcard_certs += first ? 1 : 0;
  }

  const HostTable& hosts_;
  const Clustering& clustering_;
  const LeafJudge& judge_;
  std::unordered_set<KeyId> counted_;
  std::vector<ClusterStats>& stats_;
};

void CountKey(const KeyId& key, const std::vector<KeyPlace>& places, ClusterStats& stats) {
  const auto ssh = static_cast<size_t>(std::count_if(
      places.begin(), places.end(), [](const KeyPlace& place) { return IsSshPort(place.port); }));
  CountKeyUse({key, places.size(), HostsOf(places)}, ssh > 0, ssh < places.size(), stats);
}

std::vector<ClusterStats> Named(const HostTable& hosts, const Clustering& clustering, bool judged) {
  std::vector<ClusterStats> out(clustering.clusters.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const Cluster& cluster = clustering.clusters[i];
    out[i].id = cluster.id;
    out[i].hosts = cluster.members.size();
    out[i].ases = cluster.asns.size();
    out[i].judged = judged;
    out[i].hosts_of_unknown_as =
        static_cast<uint64_t>(std::count_if(cluster.members.begin(), cluster.members.end(),
                                            [&](uint32_t host) { return hosts.asn(host) == 0; }));
  }
  return out;
}

void Widen(int64_t first, int64_t last, ClusterStats& stats) {
  int64_t& first_seen = stats.first_seen_unix_ms;
  first_seen = first_seen == 0 ? first : std::min(first_seen, first);
  stats.last_seen_unix_ms = std::max(stats.last_seen_unix_ms, last);
}

}  // namespace

void CountKeyUse(const KeyCount& count, bool ssh, bool tls, ClusterStats& stats) {
  stats.key_uses += count.host_ports;
  ++stats.keys;
  stats.ssh_keys += ssh ? 1 : 0;
  stats.tls_keys += tls ? 1 : 0;
  stats.shared_keys += count.hosts > 1 ? 1 : 0;
  if (MoreUsed(count, stats.most_reused)) stats.most_reused = count;
}

void WidenTimes(const proto::HostRow& row, ClusterStats& stats) {
  const int64_t first = row.started_unix_ms();
  if (first != 0) {
    Widen(first, std::max(first + row.duration_ms(), row.last_visit_unix_ms()), stats);
  }
}

void WidenTimes(const ClusterStats& by, ClusterStats& stats) {
  if (by.first_seen_unix_ms != 0) Widen(by.first_seen_unix_ms, by.last_seen_unix_ms, stats);
}

Result<std::vector<ClusterStats>> ReadClusterStats(const RunReader& reader, const HostTable& hosts,
                                                   const Clustering& clustering,
                                                   const LeafJudge& judge) {
  std::vector<ClusterStats> out = Named(hosts, clustering, static_cast<bool>(judge));
  HARK_RETURN_IF_ERROR(reader.ForEachHost([&](const Address& address, const proto::HostRow& row) {
    const uint32_t cluster = ClusterAt(clustering, hosts, address);
    if (cluster != Clustering::kNone) WidenTimes(row, out[cluster]);
    return Status::Ok();
  }));
  PortsPass ports(hosts, clustering, judge, out);
  HARK_RETURN_IF_ERROR(
      reader.ForEachPort([&](const Address& address, uint16_t port, const proto::PortRow& row) {
        return ports.Visit(address, port, row);
      }));
  HARK_RETURN_IF_ERROR(
      ForEachKeyGroup(reader, hosts, [&](const KeyId& key, const std::vector<KeyPlace>& places) {
        const uint32_t cluster = clustering.cluster_of[places[0].host];
        if (cluster != Clustering::kNone) CountKey(key, places, out[cluster]);
        return Status::Ok();
      }));
  return out;
}

void AddTo(ClusterStats& sum, const ClusterStats& stats) {
  for (uint64_t ClusterStats::*count :
       {&ClusterStats::hosts, &ClusterStats::ases, &ClusterStats::hosts_of_unknown_as,
        &ClusterStats::host_ports, &ClusterStats::ssh_ports, &ClusterStats::tls_ports,
        &ClusterStats::key_uses, &ClusterStats::keys, &ClusterStats::ssh_keys,
        &ClusterStats::tls_keys, &ClusterStats::shared_keys, &ClusterStats::trusted,
        &ClusterStats::wildcard, &ClusterStats::trusted_certs, &ClusterStats::wildcard_certs}) {
    sum.*count += stats.*count;
  }
  sum.judged |= stats.judged;
  if (MoreUsed(stats.most_reused, sum.most_reused)) sum.most_reused = stats.most_reused;
  WidenTimes(stats, sum);
}

StatsTotals TotalOfRun(const Clustering& clustering, const std::vector<ClusterStats>& stats,
                       uint64_t min_hosts) {
  StatsTotals out;
  std::vector<uint32_t> ases;
  for (size_t i = 0; i < stats.size() && stats[i].hosts >= min_hosts; ++i) {
    AddTo(out.sum, stats[i]);
    const std::vector<uint32_t>& asns = clustering.clusters[i].asns;
    ases.insert(ases.end(), asns.begin(), asns.end());
  }
  MakeDistinct(ases);
  out.distinct = out.sum;
  out.distinct.ases = ases.size();
  return out;
}

}  // namespace hark

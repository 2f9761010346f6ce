#include "analysis/super_cluster_counts.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/outcome.h"

namespace hark {
namespace {

constexpr uint32_t kNone = Clustering::kNone;
using Runs = std::span<const ComparedRun* const>;

bool IsSsh(uint16_t port) {
  return ProtocolOfPort(port) == Protocol::kSsh;
}

void AddUp(const SharingCounts& from, SharingCounts& to) {
  to.hosts += from.hosts;
  to.ases += from.ases;
  to.ssh_ports += from.ssh_ports;
  to.ssh_keys += from.ssh_keys;
  to.tls_ports += from.tls_ports;
  to.tls_keys += from.tls_keys;
  to.most_reused = std::max(to.most_reused, from.most_reused);
}

// The (host, port) pairs with a key of the linked clusters of one run, in address order.
using UsedPorts = std::vector<uint64_t>;
uint64_t Pack(const KeyPlace& at) {
  return uint64_t{at.host} << 16 | at.port;
}
uint32_t HostOf(uint64_t used) {
  return static_cast<uint32_t>(used >> 16);
}
uint16_t PortOf(uint64_t used) {
  return static_cast<uint16_t>(used);
}

// Fills in what FindComponents left open.
class MemberCounter {
 public:
  MemberCounter(Runs runs, const CrossLinks& links, SuperClusters& out)
      : runs_(runs),
        links_(links),
        finder_(runs, links),
        out_(out),
        where_(links.nodes.size()),
        used_(runs.size()) {
    for (uint32_t c = 0; c < out.clusters.size(); ++c) {
      SuperCluster& cluster = out.clusters[c];
      cluster.members.resize(cluster.nodes.size());
      for (uint32_t m = 0; m < cluster.nodes.size(); ++m) where_[cluster.nodes[m]] = {c, m};
    }
  }

  Status CountKeys() {
    return MergeKeys(runs_, [&](const KeyId& key, std::span<const std::vector<KeyPlace>> by_run) {
      AddKey(key, by_run);
      return Status::Ok();
    });
  }

  void CountPorts() {
    for (uint32_t run = 0; run < runs_.size(); ++run) {
      UsedPorts& used = used_[run];
      std::sort(used.begin(), used.end());  // a port with several keys is one
      used.erase(std::unique(used.begin(), used.end()), used.end());
      for (const uint64_t at : used) {
        SharingCounts& member = MemberOf(finder_.Find(run, HostOf(at)));
        ++(IsSsh(PortOf(at)) ? member.ssh_ports : member.tls_ports);
      }
    }
    CountDistinctPorts();
  }

  void CountHosts() {
    for (SuperCluster& cluster : out_.clusters) {
      std::set<uint32_t> distinct;
      for (size_t m = 0; m < cluster.nodes.size(); ++m) {
        const CrossNode& node = links_.nodes[cluster.nodes[m]];
        SharingCounts& member = cluster.members[m];
        const std::vector<uint32_t> asns = AsnsOf(node);
        distinct.insert(asns.begin(), asns.end());
        member.ases = asns.size();
        member.hosts =
            node.lone() ? 1 : runs_[node.run]->clustering.clusters[node.cluster].members.size();
        AddUp(member, cluster.sum);
      }
      cluster.distinct.ases = distinct.size();
      out_.hosts_sum += cluster.sum.hosts;
    }
  }

 private:
  using Place = std::pair<Address, uint16_t>;
  struct Where {
    uint32_t cluster, member;
  };

  SharingCounts& MemberOf(uint32_t node) {
    return out_.clusters[where_[node].cluster].members[where_[node].member];
  }

  std::vector<uint32_t> AsnsOf(const CrossNode& node) const {
    const ComparedRun& run = *runs_[node.run];
    if (!node.lone()) return run.clustering.clusters[node.cluster].asns;
    const uint32_t asn = run.hosts.asn(node.host);
    return asn == 0 ? std::vector<uint32_t>{} : std::vector<uint32_t>{asn};
  }

  // What a key's uses in one run, or in all of them, are on.
  struct Sides {
    bool ssh = false;
    bool tls = false;

    void CountKey(SharingCounts& counts) const {
      counts.ssh_keys += ssh ? 1 : 0;
      counts.tls_keys += tls ? 1 : 0;
    }
  };

  Sides AddUses(uint32_t run, const std::vector<KeyPlace>& uses, SharingCounts& member) {
    Sides sides;
    for (const KeyPlace& at : uses) {
      (IsSsh(at.port) ? sides.ssh : sides.tls) = true;
      used_[run].push_back(Pack(at));
    }
    sides.CountKey(member);
    member.most_reused = std::max<uint64_t>(member.most_reused, uses.size());
    return sides;
  }

  void AddKey(const KeyId& key, std::span<const std::vector<KeyPlace>> by_run) {
    LinkingKey shown{key, 0, {}};
    Sides anywhere;
    for (uint32_t run = 0; run < runs_.size(); ++run) {
      if (by_run[run].empty()) continue;
      const uint32_t node = finder_.Find(run, by_run[run][0].host);
      if (node == kNone) continue;
      shown.nodes.push_back(node);
      const Sides here = AddUses(run, by_run[run], MemberOf(node));
      anywhere = {anywhere.ssh || here.ssh, anywhere.tls || here.tls};
    }
    if (shown.nodes.empty()) return;
    // Clusters with a common key are linked, so all of them are in one super-cluster.
    SuperCluster& cluster = out_.clusters[where_[shown.nodes[0]].cluster];
    anywhere.CountKey(cluster.distinct);
    shown.host_ports = DistinctUses(shown.nodes, by_run);
    cluster.distinct.most_reused = std::max(cluster.distinct.most_reused, shown.host_ports);
    if (shown.nodes.size() > 1) KeepLinkingKey(std::move(shown), cluster);
  }

  // Addresses and ports that show the key in any of the runs whose clusters take part.
  uint64_t DistinctUses(const std::vector<uint32_t>& nodes,
                        std::span<const std::vector<KeyPlace>> by_run) const {
    if (nodes.size() == 1) return by_run[links_.nodes[nodes[0]].run].size();
    std::vector<Place> uses;
    for (const uint32_t node : nodes) {
      const uint32_t run = links_.nodes[node].run;
      for (const KeyPlace& at : by_run[run]) {
        uses.emplace_back(runs_[run]->hosts.address(at.host), at.port);
      }
    }
    std::sort(uses.begin(), uses.end());
    return static_cast<uint64_t>(std::unique(uses.begin(), uses.end()) - uses.begin());
  }

  static void KeepLinkingKey(LinkingKey key, SuperCluster& cluster) {
    ++cluster.linking_key_count;
    std::vector<LinkingKey>& kept = cluster.linking_keys;
    const auto more = [](const LinkingKey& x, const LinkingKey& y) {
      return x.host_ports != y.host_ports ? x.host_ports > y.host_ports : x.key < y.key;
    };
    kept.insert(std::upper_bound(kept.begin(), kept.end(), key, more), std::move(key));
    if (kept.size() > kLinkingKeysKept) kept.pop_back();
  }

  // Walks the runs' ports side by side, so that an address and port that several runs saw is met
  // once, with all the super-clusters it is in (more than one when its keys changed).
  void CountDistinctPorts() {
    std::vector<size_t> at(runs_.size());
    std::vector<Address> last_host(out_.clusters.size());
    std::optional<Address> last;
    while (const auto place = NextPlace(at)) {
      const auto& [address, port] = *place;
      for (const uint32_t cluster : TakeClustersAt(*place, at)) {
        SharingCounts& distinct = out_.clusters[cluster].distinct;
        ++(IsSsh(port) ? distinct.ssh_ports : distinct.tls_ports);
        if (distinct.hosts == 0 || last_host[cluster] != address) ++distinct.hosts;
        last_host[cluster] = address;
      }
      if (last != address) ++out_.hosts_distinct;
      last = address;
    }
  }

  // The least of what the runs are at; none at the end.
  std::optional<Place> NextPlace(const std::vector<size_t>& at) const {
    std::optional<Place> next;
    for (uint32_t run = 0; run < runs_.size(); ++run) {
      if (at[run] == used_[run].size()) continue;
      const Place head = PlaceOf(run, used_[run][at[run]]);
      if (!next || head < *next) next = head;
    }
    return next;
  }

  // The super-clusters the place is in, each once; moves the runs that are there on.
  std::vector<uint32_t> TakeClustersAt(const Place& place, std::vector<size_t>& at) const {
    std::vector<uint32_t> here;
    for (uint32_t run = 0; run < runs_.size(); ++run) {
      if (at[run] == used_[run].size() || PlaceOf(run, used_[run][at[run]]) != place) continue;
      here.push_back(where_[finder_.Find(run, HostOf(used_[run][at[run]]))].cluster);
      ++at[run];
    }
    std::sort(here.begin(), here.end());
    here.erase(std::unique(here.begin(), here.end()), here.end());
    return here;
  }

  Place PlaceOf(uint32_t run, uint64_t used) const {
    return {runs_[run]->hosts.address(HostOf(used)), PortOf(used)};
  }

  const Runs runs_;
  const CrossLinks& links_;
  const CrossNodeFinder finder_;
  SuperClusters& out_;
  std::vector<Where> where_;     // by node
  std::vector<UsedPorts> used_;  // by run
};

}  // namespace

Status CountMembers(Runs runs, const CrossLinks& links, SuperClusters& out) {
  MemberCounter counter(runs, links, out);
  HARK_RETURN_IF_ERROR(counter.CountKeys());
  counter.CountPorts();
  counter.CountHosts();
  return Status::Ok();
}

}  // namespace hark

#include "analysis/super_cluster_counts.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "analysis/super_cluster_trust.h"
#include "base/distinct.h"
#include "base/ssh_port.h"

namespace hark {
namespace {

constexpr uint32_t kNone = Clustering::kNone;
using Runs = std::span<const ComparedRun* const>;

// The (host, port) pairs with a key of the linked clusters of one run, in address order.
using UsedPorts = std::vector<uint64_t>;
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
      : runs_(runs), links_(links), index_(runs, links, out), out_(out), used_(runs.size()) {}

  Status CountTrust(std::span<const LeafJudge> judges) {
    HARK_ASSIGN_OR_RETURN(trusted_, CountMembersTrust(runs_, links_, judges, index_));
    return Status::Ok();
  }

  Status CountTimes() {
    for (uint32_t run = 0; run < runs_.size(); ++run) {
      uint32_t host = 0;  // of those ahead
      HARK_RETURN_IF_ERROR(
          runs_[run]->reader->ForEachHost([&](const Address&, const proto::HostRow& row) {
            const uint32_t node = index_.NodeOf(run, host++);
            if (node != kNone) WidenTimes(row, index_.Member(node));
            return Status::Ok();
          }));
    }
    return Status::Ok();
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
      MakeDistinct(used);  // a port with several keys is one
      for (const uint64_t at : used) {
        AddPort(PortOf(at), index_.Member(index_.NodeOf(run, HostOf(at))));
      }
    }
    CountDistinctPorts();
  }

  // After all others: sums up what they found.
  void CountHosts() {
    for (SuperCluster& cluster : out_.clusters) {
      std::set<uint32_t> ases;
      for (size_t m = 0; m < cluster.nodes.size(); ++m) {
        const CrossNode& node = links_.nodes[cluster.nodes[m]];
        const std::vector<uint32_t> asns = AsnsOf(node);
        ases.insert(asns.begin(), asns.end());
        ClusterStats& member = cluster.members[m];
        member.id = links_.NameOf(node, *runs_[node.run]);
        member.ases = asns.size();
        CountHostsOf(node, member);
        AddTo(cluster.sum, member);
      }
      cluster.distinct.ases = ases.size();
      cluster.distinct.judged = cluster.sum.judged;
      WidenTimes(cluster.sum, cluster.distinct);
      out_.hosts_sum += cluster.sum.hosts;
    }
  }

 private:
  using Place = std::pair<Address, uint16_t>;

  static void AddPort(uint16_t port, ClusterStats& stats) {
    ++stats.host_ports;
    ++(IsSshPort(port) ? stats.ssh_ports : stats.tls_ports);
  }

  void CountHostsOf(const CrossNode& node, ClusterStats& member) const {
    const ComparedRun& run = *runs_[node.run];
    const auto count = [&](uint32_t host) {
      ++member.hosts;
      member.hosts_of_unknown_as += run.hosts.asn(host) == 0 ? 1 : 0;
    };
    if (node.lone()) return count(node.host);
    for (const uint32_t host : run.clustering.clusters[node.cluster].members) count(host);
  }

  std::vector<uint32_t> AsnsOf(const CrossNode& node) const {
    const ComparedRun& run = *runs_[node.run];
    if (!node.lone()) return run.clustering.clusters[node.cluster].asns;
    const uint32_t asn = run.hosts.asn(node.host);
    return asn == 0 ? std::vector<uint32_t>{} : std::vector<uint32_t>{asn};
  }

  // Which protocols a key's uses in one run, or in all of them, are of.
  struct Sides {
    bool ssh = false;
    bool tls = false;
  };

  // Of one run; the uses come host by host.
  static KeyCount CountIn(const KeyId& key, const std::vector<KeyPlace>& uses) {
    KeyCount count{key, uses.size(), 0};
    for (size_t i = 0; i < uses.size(); ++i) {
      count.hosts += i == 0 || uses[i].host != uses[i - 1].host ? 1 : 0;
    }
    return count;
  }

  Sides AddUses(const KeyId& key, uint32_t run, const std::vector<KeyPlace>& uses,
                ClusterStats& member) {
    Sides sides;
    for (const KeyPlace& at : uses) {
      (IsSshPort(at.port) ? sides.ssh : sides.tls) = true;
      used_[run].push_back(PackPlace(at.host, at.port));
    }
    CountKeyUse(CountIn(key, uses), sides.ssh, sides.tls, member);
    return sides;
  }

  void AddKey(const KeyId& key, std::span<const std::vector<KeyPlace>> by_run) {
    LinkingKey shown{key, 0, {}};
    Sides anywhere;
    for (uint32_t run = 0; run < runs_.size(); ++run) {
      if (by_run[run].empty()) continue;
      const uint32_t node = index_.NodeOf(run, by_run[run][0].host);
      if (node == kNone) continue;
      shown.nodes.push_back(node);
      const Sides here = AddUses(key, run, by_run[run], index_.Member(node));
      anywhere = {anywhere.ssh || here.ssh, anywhere.tls || here.tls};
    }
    if (shown.nodes.empty()) return;
    // Clusters with a common key are linked, so all of them are in one super-cluster.
    SuperCluster& cluster = index_.ClusterOf(shown.nodes[0]);
    const KeyCount count = DistinctUses(key, shown.nodes, by_run);
    CountKeyUse(count, anywhere.ssh, anywhere.tls, cluster.distinct);
    shown.host_ports = count.host_ports;
    if (shown.nodes.size() > 1) KeepLinkingKey(std::move(shown), cluster);
  }

  // Addresses and ports that show the key in any of the runs whose clusters take part.
  KeyCount DistinctUses(const KeyId& key, const std::vector<uint32_t>& nodes,
                        std::span<const std::vector<KeyPlace>> by_run) const {
    if (nodes.size() == 1) return CountIn(key, by_run[links_.nodes[nodes[0]].run]);
    std::vector<Place> uses;
    for (const uint32_t node : nodes) {
      const uint32_t run = links_.nodes[node].run;
      for (const KeyPlace& at : by_run[run]) {
        uses.emplace_back(runs_[run]->hosts.address(at.host), at.port);
      }
    }
    MakeDistinct(uses);
    KeyCount count{key, uses.size(), 0};
    for (size_t i = 0; i < uses.size(); ++i) {
      count.hosts += i == 0 || uses[i].first != uses[i - 1].first ? 1 : 0;
    }
    return count;
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

  // What several runs saw of one (address, port), in one super-cluster.
  struct Seen {
    uint32_t cluster = 0;
    bool known_as = false;
    bool trusted = false;
    bool wildcard = false;
  };

  // Of a super-cluster, the host whose ports come.
  struct LastHost {
    Address address;
    bool known_as = false;
  };

  static void CountPlace(const Seen& seen, const Place& place, LastHost& host,
                         ClusterStats& distinct) {
    AddPort(place.second, distinct);
    distinct.trusted += seen.trusted ? 1 : 0;
    distinct.wildcard += seen.wildcard ? 1 : 0;
    if (distinct.hosts == 0 || host.address != place.first) {
      host = {place.first, false};
      ++distinct.hosts;
      ++distinct.hosts_of_unknown_as;  // until a run knows it
    }
    if (!seen.known_as || host.known_as) return;
    host.known_as = true;
    --distinct.hosts_of_unknown_as;
  }

  // Walks the runs' ports side by side, so that an address and port that several runs saw is met
  // once, with all the super-clusters it is in (more than one when its keys changed).
  void CountDistinctPorts() {
    std::vector<size_t> at(runs_.size());
    std::vector<LastHost> last_host(out_.clusters.size());
    std::optional<Address> last;
    while (const auto place = NextPlace(at)) {
      for (const Seen& seen : TakeAt(*place, at)) {
        CountPlace(seen, *place, last_host[seen.cluster], out_.clusters[seen.cluster].distinct);
      }
      if (last != place->first) ++out_.hosts_distinct;
      last = place->first;
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
  std::vector<Seen> TakeAt(const Place& place, std::vector<size_t>& at) const {
    std::vector<Seen> here;
    for (uint32_t run = 0; run < runs_.size(); ++run) {
      if (at[run] == used_[run].size() || PlaceOf(run, used_[run][at[run]]) != place) continue;
      const uint64_t used = used_[run][at[run]++];
      const uint32_t cluster = index_.ClusterNumberOf(index_.NodeOf(run, HostOf(used)));
      auto seen = std::find_if(here.begin(), here.end(),
                               [&](const Seen& other) { return other.cluster == cluster; });
      if (seen == here.end()) seen = here.insert(seen, Seen{cluster});
      seen->known_as |= runs_[run]->hosts.asn(HostOf(used)) != 0;
      seen->trusted |= trusted_[run].Trusts(used);
      seen->wildcard |= trusted_[run].TrustsWildcard(used);
    }
    return here;
  }

  Place PlaceOf(uint32_t run, uint64_t used) const {
    return {runs_[run]->hosts.address(HostOf(used)), PortOf(used)};
  }

  const Runs runs_;
  const CrossLinks& links_;
  const SuperMembers index_;
  SuperClusters& out_;
  std::vector<UsedPorts> used_;         // by run
  std::vector<TrustedPlaces> trusted_;  // by run
};

}  // namespace

Status CountMembers(Runs runs, const CrossLinks& links, std::span<const LeafJudge> judges,
                    SuperClusters& out) {
  MemberCounter counter(runs, links, out);
  HARK_RETURN_IF_ERROR(counter.CountKeys());
  HARK_RETURN_IF_ERROR(counter.CountTrust(judges));
  HARK_RETURN_IF_ERROR(counter.CountTimes());
  counter.CountPorts();
  counter.CountHosts();
  return Status::Ok();
}

}  // namespace hark

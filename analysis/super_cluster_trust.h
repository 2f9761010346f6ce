#pragma once

// Browser trust of what super-clusters consist of, and who is in which. One pass over a run's
// ports; 8 bytes for each trusted (host, port) of a linked cluster, and 50 a trusted certificate.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/super_clusters.h"

namespace hark {

// A (host, port) of a run; they order as hosts and ports do.
inline uint64_t PackPlace(uint32_t host, uint16_t port) {
  return uint64_t{host} << 16 | port;
}

// Where the rows of members are. What it is made of must outlive it, in place.
class SuperMembers {
 public:
  // Makes the rows; components and their nodes are there.
  SuperMembers(std::span<const ComparedRun* const> runs, const CrossLinks& links,
               SuperClusters& super);

  // A place in CrossLinks::nodes; Clustering::kNone = the host is in none.
  uint32_t NodeOf(uint32_t run, uint32_t host) const { return finder_.Find(run, host); }
  uint32_t ClusterNumberOf(uint32_t node) const { return where_[node].cluster; }
  SuperCluster& ClusterOf(uint32_t node) const { return super_.clusters[where_[node].cluster]; }
  ClusterStats& Member(uint32_t node) const { return ClusterOf(node).members[where_[node].member]; }

 private:
  struct Where {
    uint32_t cluster = 0;
    uint32_t member = 0;
  };

  const CrossNodeFinder finder_;
  SuperClusters& super_;
  std::vector<Where> where_;  // by node
};

// Of one run.
struct TrustedPlaces {
  std::vector<uint64_t> trusted;   // PackPlace, ascending
  std::vector<uint64_t> wildcard;  // of these

  bool Trusts(uint64_t place) const {
    return std::binary_search(trusted.begin(), trusted.end(), place);
  }
  bool TrustsWildcard(uint64_t place) const {
    return std::binary_search(wildcard.begin(), wildcard.end(), place);
  }
};

// By run. Fills in what rows of members say of trust, and how many certificates of a super-cluster
// are distinct.
Result<std::vector<TrustedPlaces>> CountMembersTrust(std::span<const ComparedRun* const> runs,
                                                     const CrossLinks& links,
                                                     std::span<const LeafJudge> judges,
                                                     const SuperMembers& members);

}  // namespace hark

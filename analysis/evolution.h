#pragma once

// How the clusters of one run became those of another (the paper's Table XV). Two clusters are
// linked when an address is a member of both, or when members of both showed a key, any key on any
// port; links are sets of addresses and keys, never of numbers or names. The graph of links falls
// into components, and those into categories:
//
//   component            | its clusters are
//   ---------------------+------------------------------------------------------------
//   one cluster, no link | disappeared (before) or appeared (after)
//   two clusters, a link | linked by addresses, by keys, or by both (maybe of different hosts)
//   anything larger      | complex: they split, merged, or both
//
// Across runs nothing is assumed of a cluster from its id: which cluster of one run is which of the
// other is *matched*, strongest link first (shared addresses + shared keys), each cluster once.
//
// Hosts in no cluster are in no category, but a cluster without a link may be there yet as lone
// hosts, each with its address or with its key; what is left of it is counted beside it.

#include <cstdint>
#include <string_view>
#include <vector>

#include "analysis/compared_run.h"
#include "analysis/key_change.h"
#include "analysis/pair_counter.h"

namespace hark {

enum class ClusterFate {
  kUnlinked,  // disappeared or appeared
  kByAddress,
  kByKey,
  kByBoth,
  kComplex,
};
inline constexpr int kClusterFateCount = 5;
// Stable names: "unlinked", "address", "key", "both", "complex".
std::string_view ClusterFateName(ClusterFate fate);

// before and after: places in Clustering::clusters.
struct ClusterLink {
  uint32_t before = 0;
  uint32_t after = 0;
  uint64_t shared_addresses = 0;
  uint64_t shared_keys = 0;
  uint64_t unchanged_hosts = 0;  // of the shared addresses: those that kept a key
  bool matched = false;          // `after` is what became of `before`

  uint64_t strength() const { return shared_addresses + shared_keys; }
};

// One cluster as its run saw it, and the other run.
struct ClusterPast {
  ClusterFate fate = ClusterFate::kUnlinked;
  uint32_t match = Clustering::kNone;  // the cluster of the other run it is matched with
  uint32_t links = 0;
  uint64_t seen_hosts = 0;  // members with a key in the other run
  uint64_t lone_keys = 0;   // its keys that are on a host of no cluster in the other run

  bool without_trace() const { return links == 0 && seen_hosts == 0 && lone_keys == 0; }
};

// A component of more than one link.
struct ComplexGroup {
  std::vector<uint32_t> before, after;  // clusters, ascending
  std::vector<uint32_t> links;          // places in Evolution::links, ascending
};

// The matched pairs by how they grew.
struct MatchedCounts {
  uint64_t matched = 0;
  uint64_t same_id = 0;       // held together by exactly the same keys
  uint64_t same_members = 0;  // exactly the same addresses
  uint64_t grew = 0;          // more members, of those that are not the same
  uint64_t shrank = 0;
  uint64_t exchanged = 0;  // as many, but others
};

struct Evolution {
  std::vector<ClusterLink> links;          // by (before, after)
  std::vector<ClusterPast> before, after;  // by cluster
  std::vector<ComplexGroup> complex;       // most clusters first, then by the first of before
  MatchedCounts matched;

  uint64_t CountBefore(ClusterFate fate) const;
  uint64_t CountAfter(ClusterFate fate) const;
};

// A cluster with two partners or more: it split into them, or they merged into it.
struct ClusterEvent {
  bool split = false;            // else merged
  uint32_t cluster = 0;          // of the run before when it split, of the run after when it merged
  std::vector<uint32_t> others;  // of the other run, ascending
};
// Splits by cluster, then merges by cluster.
std::vector<ClusterEvent> FindClusterEvents(const Evolution& evolution);

// Fed with every key of the two runs.
class EvolutionBuilder {
 public:
  // All three must outlive the builder.
  EvolutionBuilder(const ComparedRun& before, const ComparedRun& after, const HostPairs& pairs);

  void Add(const KeyChange& key);
  Evolution Finish() &&;

 private:
  void CountHosts();
  void MakeLinks(const std::vector<PairCount>& keys);
  void SortIntoComponents();
  void Match();
  void CountMatched();

  const ComparedRun& before_;
  const ComparedRun& after_;
  const HostPairs& pairs_;
  PairCounter shared_keys_;
  PairCounter shared_addresses_;
  PairCounter unchanged_hosts_;
  std::vector<bool> unchanged_;      // by before's hosts: shows a key it showed
  std::vector<bool> crypto_before_;  // by before's hosts
  std::vector<bool> crypto_after_;   // by after's hosts
  Evolution out_;
};

}  // namespace hark

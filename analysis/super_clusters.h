#pragma once

// Super-clusters: the connected components of the links between clusters of several runs, and what
// they consist of (the paper's Tables XVIII to XX). A component of one link is *additional*: the
// paper only counts those.
//
// A row of a member is what ReadClusterStats says of the cluster, from one pass over the key index
// and one over the hosts; browser trust and wildcards take another one over the ports.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/cluster_stats.h"
#include "analysis/cross_links.h"

namespace hark {

// A key that clusters of several runs have in common.
struct LinkingKey {
  KeyId key;
  uint64_t host_ports = 0;      // over the runs, each address and port once
  std::vector<uint32_t> nodes;  // the clusters that show it, places in CrossLinks::nodes
};

struct SuperCluster {
  // "SC" and the name of its first cluster: of the run given first, there of the largest.
  std::string name;
  std::vector<uint32_t> nodes;        // places in CrossLinks::nodes, ascending; the first names it
  std::vector<uint32_t> links;        // places in CrossLinks::links, ascending
  uint32_t runs = 0;                  // how many of the runs it has clusters of
  std::vector<ClusterStats> members;  // of each of nodes; id: its name
  // As the paper has it, the rows' sums; keys, ASes and addresses that clusters share are in it as
  // often as clusters have them. most_reused: the largest.
  ClusterStats sum;
  // Each address, AS, (address, port), key and certificate once; most_reused: of one key over all
  // runs. An address is of unknown AS when no run knew it; a port is trusted when it was in one
  // run.
  ClusterStats distinct;
  uint64_t linking_key_count = 0;
  std::vector<LinkingKey> linking_keys;  // the kLinkingKeysKept of most host/ports, most first

  bool additional() const { return links.size() == 1; }
};
inline constexpr size_t kLinkingKeysKept = 20;  // as many as the paper's reports show

struct SuperClusters {
  std::vector<SuperCluster> clusters;  // most nodes first, then by the first node
  uint64_t additional = 0;             // of them, components of one link
  // Over all of them.
  uint64_t hosts_sum = 0;
  uint64_t hosts_distinct = 0;
};

// judges: one a run, in their order, or none: then nothing is judged. One that is nobody judges
// nothing of its run.
Result<SuperClusters> FindSuperClusters(std::span<const ComparedRun* const> runs,
                                        const CrossLinks& links,
                                        std::span<const LeafJudge> judges = {});

}  // namespace hark

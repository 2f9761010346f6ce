#pragma once

// Super-clusters: the connected components of the links between clusters of several runs, and what
// they consist of (the paper's Tables XVIII to XX). A component of one link is *additional*: the
// paper only counts those.
//
// The rows of members (SharingCounts) are what one pass over the key index tells, no more than
// comparisons need. The statistics of single clusters, which read observations and certificates,
// too (browser trust, wildcards), take their place where a table wants those.

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/cross_links.h"

namespace hark {

// Of one cluster as its run saw it, or of several.
struct SharingCounts {
  uint64_t hosts = 0;
  uint64_t ases = 0;       // known ones
  uint64_t ssh_ports = 0;  // (host, port) pairs with a key, port 22
  uint64_t ssh_keys = 0;
  uint64_t tls_ports = 0;  // and all other ports
  uint64_t tls_keys = 0;
  uint64_t most_reused = 0;  // host/ports of the key that has most

  uint64_t host_ports() const { return ssh_ports + tls_ports; }
};

// A key that clusters of several runs have in common.
struct LinkingKey {
  KeyId key;
  uint64_t host_ports = 0;      // over the runs, each address and port once
  std::vector<uint32_t> nodes;  // the clusters that show it, places in CrossLinks::nodes
};

struct SuperCluster {
  // "SC" and the name of its first cluster: of the run given first, there of the largest.
  std::string name;
  std::vector<uint32_t> nodes;         // places in CrossLinks::nodes, ascending; the first names it
  std::vector<uint32_t> links;         // places in CrossLinks::links, ascending
  uint32_t runs = 0;                   // how many of the runs it has clusters of
  std::vector<SharingCounts> members;  // of each of nodes
  // As the paper has it, the rows' sums; keys, ASes and addresses that clusters share are in it as
  // often as clusters have them. most_reused: the largest.
  SharingCounts sum;
  // Each address, AS, (address, port) and key once; most_reused: of one key over all runs.
  SharingCounts distinct;
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

Result<SuperClusters> FindSuperClusters(std::span<const ComparedRun* const> runs,
                                        const CrossLinks& links);

}  // namespace hark

#pragma once

// One cluster described: on which ports its keys join its members, how it splits by AS, and which
// names its members go by. From what ReadClusterDetail holds, and one pass over the run for names.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analysis/cluster_detail.h"

namespace hark {

// Links by unordered port pair, lower port first: a link is two places on different hosts, one on
// either port, that show an equal key (each key of the two counts).
using PortPairLinks = std::map<std::pair<uint16_t, uint16_t>, uint64_t>;

struct KeyProfile {
  KeyCount count;
  std::map<uint16_t, uint64_t> hosts_on_port;
  PortPairLinks links;  // empty for a key of one host
};

struct AsShare {
  uint32_t asn = 0;  // 0 unknown
  uint64_t hosts = 0;
};

struct NameCount {
  std::string name;    // lower case, a stranger's bytes: escape to show
  std::string source;  // "certificate", "greeting" or "target"
  uint64_t hosts = 0;
};

struct ClusterProfile {
  std::vector<KeyProfile> keys;  // as in ClusterDetail
  PortPairLinks links;           // over all keys
  std::vector<AsShare> ases;     // most hosts first
  std::vector<NameCount> names;  // most hosts first, then by name
  uint64_t names_left_out = 0;   // places where a name was found that is not kept
};

// Distinct names of one cluster that are kept: one certificate can hold thousands, and each member
// show another one.
inline constexpr size_t kNamesKept = 10'000;

Result<ClusterProfile> ReadClusterProfile(const RunReader& reader, const HostTable& hosts,
                                          const Clustering& clustering, uint32_t cluster,
                                          const ClusterDetail& detail);

// The cluster alone, as number 0: for passes that would read all clusters of a run.
Clustering OnlyCluster(const Clustering& clustering, uint32_t cluster);

}  // namespace hark

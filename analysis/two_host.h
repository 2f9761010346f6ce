#pragma once

// Clusters of two hosts, the most frequent size, by what joins them: the set of port pairs on which
// the two show an equal key. 25=25 and 25=443 means that a key on port 25 of one is on ports 25 and
// 443 of the other.
//
// The paper listed the pairs as one of the two saw them, so 25=443 and 443=25 were two combinations
// (170 in the Irish run). Here a combination and its mirror image are one; paper_combinations has
// the other count, as seen from the lower address. One pass over the key index, 8 bytes a shared
// key of such a cluster.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analysis/clusters.h"
#include "analysis/key_groups.h"

namespace hark {

// (port of one host, port of the other), ascending.
using PortPairs = std::vector<std::pair<uint16_t, uint16_t>>;

struct TwoHostCombination {
  PortPairs pairs;
  uint64_t keys = 0;  // how many keys the two share
  uint64_t clusters = 0;
};

struct TwoHostClusters {
  uint64_t clusters = 0;
  uint64_t combinations = 0;  // distinct sets of pairs, whatever the number of keys
  uint64_t paper_combinations = 0;
  std::vector<TwoHostCombination> rows;  // most clusters first, then by pairs and keys
};

// "25=25 25=443"
std::string PortPairsText(const PortPairs& pairs);

class TwoHostCounter {
 public:
  explicit TwoHostCounter(const Clustering& clustering) : clustering_(clustering) {}

  // The places of one key.
  void Add(const std::vector<KeyPlace>& places);
  TwoHostClusters Finish() &&;

 private:
  // Ports of the lower address with the key, ports of the other.
  using Shape = std::pair<std::vector<uint16_t>, std::vector<uint16_t>>;

  const Clustering& clustering_;
  std::map<Shape, uint32_t> shapes_;
  std::vector<std::pair<uint32_t, uint32_t>> shared_;  // (cluster, shape), one a shared key
};

}  // namespace hark

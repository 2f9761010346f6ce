#pragma once

// Statistics of cluster sizes, twice: as the paper defines them (over the set of DISTINCT sizes,
// each counted once however many clusters have it) and as the words mean (over clusters). For the
// paper's Irish run the two medians are 26.5 and 2.

#include <cstdint>
#include <map>

#include "analysis/clusters.h"

namespace hark {

struct ClusterSizes {
  std::map<uint64_t, uint64_t> clusters_of_size;  // size -> how many
  uint64_t clusters = 0;
  uint64_t hosts = 0;
  uint64_t largest = 0;
  double paper_median = 0;
  double paper_average = 0;  // rounded half up to two decimals, as published
  double median = 0;
  double mean = 0;
};

// All zero for no clusters.
ClusterSizes MeasureSizes(const std::map<uint64_t, uint64_t>& clusters_of_size);
ClusterSizes MeasureSizes(const std::vector<Cluster>& clusters);

}  // namespace hark

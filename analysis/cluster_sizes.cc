#include "analysis/cluster_sizes.h"

namespace hark {
namespace {

// The rank-th smallest size (from 0) with every size counted as often as `weight` says.
template <typename Weight>
uint64_t SizeAt(const std::map<uint64_t, uint64_t>& sizes, uint64_t rank, Weight weight) {
  for (const auto& [size, count] : sizes) {
    if (rank < weight(count)) return size;
    rank -= weight(count);
  }
  return 0;
}

// The middle element, or the mean of the two middle ones, of n.
template <typename Weight>
double Median(const std::map<uint64_t, uint64_t>& sizes, uint64_t n, Weight weight) {
  const uint64_t low = SizeAt(sizes, (n - 1) / 2, weight);
  const uint64_t high = SizeAt(sizes, n / 2, weight);
  return static_cast<double>(low + high) / 2;
}

}  // namespace

ClusterSizes MeasureSizes(const std::map<uint64_t, uint64_t>& clusters_of_size) {
  ClusterSizes out;
  if (clusters_of_size.empty()) return out;
  out.clusters_of_size = clusters_of_size;
  uint64_t sum_of_distinct = 0;
  for (const auto& [size, count] : clusters_of_size) {
    out.clusters += count;
    out.hosts += size * count;
    sum_of_distinct += size;
  }
  out.largest = clusters_of_size.rbegin()->first;
  const uint64_t distinct = clusters_of_size.size();
  out.paper_median = Median(clusters_of_size, distinct, [](uint64_t) { return uint64_t{1}; });
  // In integers: 3511/40 = 87.775 is below itself as a double and would print as 87.77.
  const uint64_t hundredths = (200 * sum_of_distinct + distinct) / (2 * distinct);
  out.paper_average = static_cast<double>(hundredths) / 100;
  out.median = Median(clusters_of_size, out.clusters, [](uint64_t count) { return count; });
  out.mean = static_cast<double>(out.hosts) / static_cast<double>(out.clusters);
  return out;
}

ClusterSizes MeasureSizes(const std::vector<Cluster>& clusters) {
  std::map<uint64_t, uint64_t> clusters_of_size;
  for (const Cluster& cluster : clusters) ++clusters_of_size[cluster.members.size()];
  return MeasureSizes(clusters_of_size);
}

}  // namespace hark

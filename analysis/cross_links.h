#pragma once

// Keys across the borders of runs (the paper's Table XVII): which clusters of different runs show
// a common key, on any port, and how many. Keys are compared whole; a key belongs to one cluster of
// a run at most, so every key gives each pair of runs one pair of clusters. With lone hosts a host
// of no cluster takes part, too, as a cluster of one.

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "analysis/compared_run.h"

namespace hark {

// A linked cluster, or a lone host.
struct CrossNode {
  uint32_t run = 0;
  uint32_t cluster = Clustering::kNone;  // place in that run's clusters; kNone = a lone host
  uint32_t host = 0;                     // the first member

  bool lone() const { return cluster == Clustering::kNone; }
  auto operator<=>(const CrossNode&) const = default;
};

struct CrossLink {
  uint32_t a = 0;  // places in CrossLinks::nodes; a's run is the earlier one
  uint32_t b = 0;
  uint64_t shared_keys = 0;  // at least one
  uint64_t shared_addresses = 0;
};

struct CrossLinks {
  // How the runs are called: by country code where it tells them apart, else by name.
  std::vector<std::string> labels;
  std::vector<CrossNode> nodes;  // linked ones only, ascending
  std::vector<CrossLink> links;  // by (a, b)
  // How many pairs of clusters of two runs are linked; symmetric, zero in the diagonal.
  std::vector<std::vector<uint64_t>> matrix;

  // "NA14": the label and the cluster's place among its run's, largest first, from 1 on, with a dot
  // between where the label is a run's name; of a lone host the label and the address,
  // "NA-192.0.2.7".
  std::string NameOf(const CrossNode& node, const ComparedRun& run) const;
};

Result<CrossLinks> FindCrossLinks(std::span<const ComparedRun* const> runs, bool lone_hosts);

// The node that a host of a run is in, as a place in `nodes`; Clustering::kNone = in none.
class CrossNodeFinder {
 public:
  // runs must outlive the finder.
  CrossNodeFinder(std::span<const ComparedRun* const> runs, const CrossLinks& links);

  uint32_t Find(uint32_t run, uint32_t host) const;

 private:
  std::span<const ComparedRun* const> runs_;
  std::vector<std::vector<uint32_t>> of_cluster_;                    // by run and cluster
  std::vector<std::vector<std::pair<uint32_t, uint32_t>>> lone_of_;  // by run: host, node
};

}  // namespace hark

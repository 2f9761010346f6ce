#pragma once

// What clusters are made of and why they may be clusters, in every format of the cluster commands.
// docs/formats/report.md describes the JSON.

#include <string>
#include <vector>

#include "analysis/cluster_detail.h"
#include "analysis/report.h"
#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

struct ClusterView {
  std::string format;      // text, json, csv, markdown or latex
  bool colour = false;     // text on a terminal
  std::string known_keys;  // a file (analysis/known_keys.h), "" = none
  // What certificates are judged by; nullptr = they are not.
  const FactsOptions* facts = nullptr;
  std::vector<std::string> scope = {};  // ScopeWords
};

// hark cluster list --stats: a row a cluster of min_size hosts and more, and totals.
Result<std::string> ClusterStatsList(const RunReader& reader, const RunAnalysis& analysis,
                                     uint64_t min_size, const ClusterView& view);

// hark cluster show: all that is known of one.
Result<std::string> ClusterProfileReport(const RunReader& reader, const HostTable& hosts,
                                         const Clustering& clustering, uint32_t cluster,
                                         const ClusterView& view);

}  // namespace hark

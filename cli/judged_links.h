#pragma once

// The super-clusters of several runs with what browsers would say of their certificates.

#include <span>

#include "analysis/run_facts.h"
#include "analysis/super_clusters.h"
#include "base/status.h"

namespace hark {

// With browser trust judged, if there is a trust store.
Result<SuperClusters> JudgedSuperClusters(std::span<const ComparedRun* const> runs,
                                          const CrossLinks& links, const FactsOptions& facts);

}  // namespace hark

#pragma once

// What `hark compare` found, for programs. docs/formats/compare.md describes every member.

#include <string>

#include "analysis/run_comparison.h"
#include "analysis/super_clusters.h"

namespace hark {

std::string ComparisonAsJson(const RunComparison& comparison);

std::string CrossAsJson(std::span<const ComparedRun* const> runs, const CrossLinks& links,
                        const SuperClusters& super);

}  // namespace hark

#pragma once

// What `hark compare --cross` found, for programs. docs/formats/compare.md describes every member.

#include <span>
#include <string>

#include "analysis/super_clusters.h"

namespace hark {

std::string CrossAsJson(std::span<const ComparedRun* const> runs, const CrossLinks& links,
                        const SuperClusters& super);

}  // namespace hark

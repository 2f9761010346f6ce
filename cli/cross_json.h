#pragma once

// What `hark compare --cross` found, for programs. docs/formats/compare.md describes every member.

#include <span>
#include <string>
#include <vector>

#include "analysis/run_facts.h"
#include "analysis/super_clusters.h"

namespace hark {

// What the numbers are of and by.
struct CrossBasis {
  std::vector<std::string> scope;  // ScopeWords
  TrustBasis trust;
};

std::string CrossAsJson(std::span<const ComparedRun* const> runs, const CrossLinks& links,
                        const SuperClusters& super, const CrossBasis& basis);

}  // namespace hark

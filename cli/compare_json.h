#pragma once

// What `hark compare RUN1 RUN2` found, for programs. docs/formats/compare.md describes every
// member.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "analysis/run_comparison.h"

namespace hark {

// scope: ScopeWords of what both runs were narrowed to.
std::string ComparisonAsJson(const RunComparison& comparison,
                             const std::vector<std::string>& scope = {});

// The run itself: name, country, state, and how much there is of it.
nlohmann::ordered_json ComparedRunJson(const ComparedRun& run);

}  // namespace hark

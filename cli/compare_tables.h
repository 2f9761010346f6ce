#pragma once

// What `hark compare RUN1 RUN2` found, as tables (docs/formats/compare.md).

#include <string>
#include <string_view>
#include <vector>

#include "analysis/report_tables.h"
#include "analysis/run_comparison.h"
#include "cli/compare_lists.h"

namespace hark {

std::vector<Table> ComparisonTables(const RunComparison& comparison, const ListSizes& sizes);

// "IE-20171130 to IE-20180316".
std::string ComparisonHeadline(const RunComparison& comparison);

// "disappeared" or "appeared" for a cluster without link, else the fate's name.
std::string_view CategoryName(ClusterFate fate, bool of_before);

}  // namespace hark

#pragma once

// What `hark compare --cross` found, as tables (docs/formats/compare.md).

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/report_tables.h"
#include "analysis/super_clusters.h"

namespace hark {

// How much of what can be long is in the tables.
struct CrossSizes {
  size_t super_clusters = SIZE_MAX;  // in the list of them
  size_t detailed = SIZE_MAX;        // of them, with a table of their members
  size_t members = SIZE_MAX;         // in such a table
  std::string trust = {};            // said below such a table, if there is anything to say
};

// The matrix, the totals, the super-clusters of more than one link, and their members.
std::vector<Table> CrossTables(std::span<const ComparedRun* const> runs, const CrossLinks& links,
                               const SuperClusters& super, const CrossSizes& sizes);

}  // namespace hark

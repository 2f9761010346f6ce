#pragma once

// The coverage ledger in parts, as tables: by port, by /16, by AS.

#include <vector>

#include "analysis/coverage.h"
#include "analysis/report_tables.h"

namespace hark {

Table PortCoverageTable(const CoverageParts& parts);
// With the most targets first.
Table BlockCoverageTable(const CoverageParts& parts);
Table AsCoverageTable(const CoverageParts& parts);

// "192.0.0.0/16" of its upper half.
std::string Block16Name(uint32_t block);

}  // namespace hark

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

}  // namespace hark

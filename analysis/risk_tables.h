#pragma once

// What risk.h measures, as tables of the report.

#include "analysis/report_tables.h"

namespace hark {

// HARK, without possibly multi-homed hosts, by port and protocol.
Table HarkTable(const RunReport& report);
// The sums of squares and how unevenly hosts and keys are spread.
Table RiskTable(const RunReport& report);
// Sizes of clusters and of keys' hosts at some quantiles.
Table QuantilesTable(const RunReport& report);

}  // namespace hark

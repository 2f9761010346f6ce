#pragma once

// hark report --coverage: where every target ended, for the run and for its parts.

#include <string>

#include "analysis/coverage.h"
#include "analysis/report.h"
#include "base/status.h"

namespace hark {

// format: text, json, csv or markdown; html is kInvalidInput.
Result<std::string> CoverageReport(const RunReport& report, const CoverageParts& parts,
                                   const std::string& format, bool to_terminal);

}  // namespace hark

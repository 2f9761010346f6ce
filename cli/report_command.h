#pragma once

#include <string>
#include <vector>

namespace hark {

// hark report: the tables of a run. A ledger that does not add up is reported and exits with 1.
int RunReportCommand(const std::vector<std::string>& args);

}  // namespace hark

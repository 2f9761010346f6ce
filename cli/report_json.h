#pragma once

// A run's report for programs: docs/formats/report.md describes every member. Members keep their
// order and meaning; new ones are added at the end of their object.

#include <string>

#include "analysis/report.h"

namespace hark {

// One object, two blanks of indent, a line break at the end.
std::string ReportAsJson(const RunReport& report);

}  // namespace hark

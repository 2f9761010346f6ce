#pragma once

// A run's report for people and spreadsheets.

#include <string>

#include "analysis/report.h"
#include "cli/render_text.h"

namespace hark {

// One line: name, country, times, and how far a run in progress has come.
std::string ReportHeadline(const RunReport& report);

std::string ReportAsText(const RunReport& report, const TextStyle& style);
std::string ReportAsMarkdown(const RunReport& report);
std::string ReportAsCsv(const RunReport& report);

}  // namespace hark

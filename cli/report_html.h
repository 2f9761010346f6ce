#pragma once

// A run's report as one self-contained page: no script, no network, no fonts of others, light and
// dark. Tables, plots and the largest clusters.

#include <string>

#include "analysis/report.h"

namespace hark {

// Clusters listed on the page; `hark cluster list` has all of them.
inline constexpr size_t kClustersOnPage = 100;

std::string ReportAsHtml(const RunAnalysis& analysis);

}  // namespace hark

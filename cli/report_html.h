#pragma once

// A run's report as one self-contained page: no script, no network, no fonts of others, light and
// dark. Tables, plots and the largest clusters.

#include <string>
#include <vector>

#include "analysis/report.h"
#include "cli/report_pictures.h"

namespace hark {

// Clusters listed on the page; `hark cluster list` has all of them.
inline constexpr size_t kClustersOnPage = 100;

// pictures: of the largest clusters (report_pictures.h).
std::string ReportAsHtml(const RunAnalysis& analysis,
                         const std::vector<ReportPicture>& pictures = {});

}  // namespace hark

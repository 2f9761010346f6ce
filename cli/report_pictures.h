#pragma once

// The largest clusters of a run as pictures for its page: few, bounded in what they cost, and the
// same for the same store.

#include <string>
#include <vector>

#include "analysis/report.h"
#include "base/status.h"

namespace hark {

// Pictures on a page; `hark cluster graph --all` makes all of them.
inline constexpr size_t kPicturesOnPage = 6;
// Larger clusters are left out: a picture of that many hosts is a megabyte of the page and takes a
// second or two.
inline constexpr size_t kMostHostsOnPage = 5000;

struct ReportPicture {
  std::string title;
  std::string svg;  // for a page
};

// Largest first. The places are our own placer's, not Graphviz': what it costs is known, and no
// clock decides what the page looks like.
Result<std::vector<ReportPicture>> ReportPictures(const RunReader& reader,
                                                  const RunAnalysis& analysis);

}  // namespace hark

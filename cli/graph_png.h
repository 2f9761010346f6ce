#pragma once

// A cluster's picture as PNG: the same things in the same places as in the SVG, painted by cairo.

#include <string>

#include "analysis/graph_layout.h"
#include "analysis/graph_model.h"
#include "base/status.h"

namespace hark {

// A picture's longer side in pixels at most: larger graphs are scaled down. Sixteen million pixels
// are 64 MB while it is painted.
inline constexpr double kMostPixels = 4000;

Result<std::string> GraphAsPng(const ClusterGraph& graph, const GraphLayout& layout);

}  // namespace hark

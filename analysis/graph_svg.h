#pragma once

// A cluster's picture as SVG 1.1: one document that needs nothing else, or the same as an element
// inside a page. No script, no style sheet: attributes only, so that it is the same everywhere.

#include <string>

#include "analysis/graph_layout.h"
#include "analysis/graph_model.h"

namespace hark {

enum class SvgUse { kDocument, kInPage };

// Every dot has its facts as its <title>; every line too, while there are at most kMostLineTitles.
std::string GraphAsSvg(const ClusterGraph& graph, const GraphLayout& layout,
                       SvgUse use = SvgUse::kDocument);

inline constexpr size_t kMostLineTitles = 2000;
// In a page only the first fact of a host is there when the picture has more nodes than this.
inline constexpr size_t kMostNodesWithFacts = 200;

}  // namespace hark

#pragma once

// A cluster as one interactive page: zoom and move, drag nodes, search by address, AS, key or
// banner, look at a node's facts and neighbours. D3 and the data are in the page; it loads nothing,
// and its content security policy lets it load nothing and run no script but these, whatever a
// peer's texts say.

#include <string>
#include <string_view>

#include "analysis/graph_layout.h"
#include "analysis/graph_model.h"

namespace hark {

std::string GraphAsPage(const ClusterGraph& graph, const GraphLayout& layout);

// JSON that may stand inside a <script> element: nothing in it ends the element.
std::string JsonForPage(std::string_view json);

}  // namespace hark

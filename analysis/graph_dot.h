#pragma once

// A cluster's graph in Graphviz' language, made like the paper's: an undirected multigraph, hosts
// filled with their AS' colour, a line a colour, the legend as boxes of its own. `sfdp -Tsvg` of it
// is the paper's figure.

#include <string>
#include <string_view>

#include "analysis/graph_model.h"

namespace hark {

// A quoted string of the DOT language, printable ASCII: other bytes become "?".
std::string DotText(std::string_view text);

std::string GraphAsDot(const ClusterGraph& graph);

}  // namespace hark

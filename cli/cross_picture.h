#pragma once

// The graph of links across runs: a node a linked cluster in the colour of its country (the
// paper's colours; other runs get one of a fixed list), an edge a link.

#include <string>

#include "analysis/super_clusters.h"

namespace hark {

// The super-clusters of more than one link side by side, each a circle on which the clusters of a
// run are neighbours; the others are counted. What is too large for a browser is named only.
std::string CrossAsSvg(std::span<const ComparedRun* const> runs, const CrossLinks& links,
                       const SuperClusters& super);

// For Graphviz; all of it.
std::string CrossAsDot(std::span<const ComparedRun* const> runs, const CrossLinks& links);

}  // namespace hark

#pragma once

// The complex part of what became of the clusters, as pictures: the clusters before on the left in
// orange, those after on the right in green, links by addresses black, by keys blue (the colours
// of the paper's).

#include <string>

#include "analysis/run_comparison.h"

namespace hark {

// Like a Sankey diagram: a cluster's height grows with the square root of its hosts, a black
// ribbon takes the part of either end that its shared addresses are of that cluster. Groups that
// would make the file larger than a browser shows well are left out and counted below.
std::string ComparisonAsSvg(const RunComparison& comparison);

// For Graphviz; all of it.
std::string ComparisonAsDot(const RunComparison& comparison);

}  // namespace hark

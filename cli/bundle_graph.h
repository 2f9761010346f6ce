#pragma once

// A plain picture of a cluster of a bundle, for Graphviz and as SVG: hosts on a circle, keys inside
// it, a line for each key of a host. Made of the bundle's values only, so there is nothing in it
// that the bundle does not say. Linear in hosts and keys.

#include <vector>

#include "cli/bundle_files.h"

namespace hark {

// graphs/LABEL.dot and graphs/LABEL.svg. A BundlePainter.
std::vector<BundleFile> PaintBundleCluster(const BundleCluster& cluster);

}  // namespace hark

#pragma once

// The pictures of a cluster of a bundle: those of `hark cluster graph`, with the holder's hosts as
// dots and those of others as rings. Made of the bundle's values only, so there is nothing in them
// that the bundle does not say.

#include <vector>

#include "cli/bundle_files.h"

namespace hark {

// graphs/LABEL.dot and graphs/LABEL.svg. A BundlePainter.
std::vector<BundleFile> PaintBundleCluster(const BundleCluster& cluster);

}  // namespace hark

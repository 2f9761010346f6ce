#pragma once

#include <string>
#include <vector>

namespace hark {

// hark cluster graph ID…, or --all: pictures of clusters.
int RunClusterGraph(const std::vector<std::string>& args);

}  // namespace hark

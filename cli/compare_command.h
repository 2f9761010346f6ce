#pragma once

#include <string>
#include <vector>

namespace hark {

// hark compare RUN1 RUN2: what became of clusters, hosts and keys.
// hark compare --cross RUN…: which clusters of several runs show common keys.
int RunCompare(const std::vector<std::string>& args);

}  // namespace hark

#pragma once

#include <string>
#include <vector>

namespace hark {

// hark cluster list: the clusters of a run.
int RunClusterList(const std::vector<std::string>& args);
// hark cluster show ID: one cluster's members, ports and keys.
int RunClusterShow(const std::vector<std::string>& args);

}  // namespace hark

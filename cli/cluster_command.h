#pragma once

#include <string>
#include <vector>

namespace hark {

// hark cluster list: the clusters of a run.
int RunClusterList(std::vector<std::string> args);
// hark cluster show ID: one cluster's members, ports and keys.
int RunClusterShow(std::vector<std::string> args);

}  // namespace hark

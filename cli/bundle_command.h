#pragma once

#include <string>
#include <vector>

namespace hark {

// hark cluster bundle: the clusters that touch one asset-holder, for that holder, with everybody
// else taken out.
int RunClusterBundle(const std::vector<std::string>& args);

}  // namespace hark

#pragma once

#include <string>
#include <vector>

namespace hark {

// hark run status: how the runs stand, from the coordinator that works on them, or from the store.
int RunRunStatus(const std::vector<std::string>& args);

}  // namespace hark

#pragma once

#include <string>
#include <vector>

namespace hark {

// hark run list: the runs of a store, oldest first, and how far each has come.
int RunRunList(const std::vector<std::string>& args);

}  // namespace hark

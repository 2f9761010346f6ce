#pragma once

#include <string>
#include <vector>

namespace hark {

// hark run create: plans one run, or one a country, and hands it to the coordinator that runs on
// the store; with none running it is written to the store and taken up by the next.
int RunRunCreate(const std::vector<std::string>& args);

}  // namespace hark

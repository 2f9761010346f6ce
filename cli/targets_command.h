#pragma once

#include <string>
#include <vector>

namespace hark {

// hark targets: what a country or a list would mean as a run. Sends nothing; names are looked up.
int RunTargets(const std::vector<std::string>& args);

}  // namespace hark

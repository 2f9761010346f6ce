#pragma once

#include <string>
#include <vector>

namespace hark {

// hark version: the program's version on one line.
int RunVersion(const std::vector<std::string>& args);

}  // namespace hark

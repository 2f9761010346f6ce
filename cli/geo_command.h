#pragma once

#include <string>
#include <vector>

namespace hark {

// hark geo info FILE: what it is, and what it knows. args: what follows the command's name.
int RunGeoInfo(const std::vector<std::string>& args);

}  // namespace hark

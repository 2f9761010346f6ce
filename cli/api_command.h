#pragma once

#include <string>
#include <vector>

namespace hark {

// hark api: answers look-ups of a store over HTTP, beside whoever writes to it.
int RunApi(const std::vector<std::string>& args);

}  // namespace hark

#pragma once

#include <string>
#include <vector>

namespace hark {

// hark grab: visits hosts at once from this process and prints what they showed; nothing is stored.
// args: what follows the command's name. Exit codes as in cli/exit_code.h: 0 also when no host
// answered, since that is a result.
int RunGrab(const std::vector<std::string>& args);

}  // namespace hark

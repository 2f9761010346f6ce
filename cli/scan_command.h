#pragma once

#include <string>
#include <vector>

namespace hark {

// hark scan: one survey from start to finish, of several countries side by side. args: what follows
// the command's name. Exit codes as in cli/exit_code.h; 130 means interrupted, and the same command
// goes on.
int RunScan(const std::vector<std::string>& args);

}  // namespace hark

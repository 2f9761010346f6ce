#pragma once

// From "hark cluster show c12 --db=out" to the function that does it. The table of all commands is
// in hark_main.cc; adding a command is adding its row there.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hark {

struct Command {
  std::string_view name;     // one to three words: "report", "cluster show", "api key add"
  std::string_view summary;  // one line for `hark --help`
  // args: what follows the name. Gives the exit code.
  int (*run)(const std::vector<std::string>& args);
};

// args: the whole command line without the program. Unknown commands get one line and exit code 2.
int Dispatch(std::span<const Command> commands, const std::vector<std::string>& args);

}  // namespace hark

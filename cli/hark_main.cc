// The operator's program: hark <command> [subcommand] [--flags].

#include <string>
#include <vector>

#include "cli/dispatch.h"
#include "cli/version_command.h"

int main(int argc, char** argv) {
  // One row a command, in the order of `hark --help`; each lives in a file of its own.
  static constexpr hark::Command kCommands[] = {
      {"version", "which hark this is", hark::RunVersion},
  };
  return hark::Dispatch(kCommands, std::vector<std::string>(argv + 1, argv + argc));
}

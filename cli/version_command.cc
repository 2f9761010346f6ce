#include "cli/version_command.h"

#include <cstdio>

#include "cli/exit_code.h"
#include "cli/flags.h"

namespace hark {

int RunVersion(const std::vector<std::string>& args) {
  const FlagSet flags("hark version", "which hark this is", {});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail("hark version", parsed.status());
  std::fputs(parsed->help ? flags.Help().c_str() : "hark " HARK_VERSION "\n", stdout);
  return 0;
}

}  // namespace hark

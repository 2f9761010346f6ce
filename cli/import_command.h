#pragma once

#include <string>
#include <vector>

namespace hark {

// hark import --db=DIR [--from=...] FILE...: foreign records into a store. Gives the exit code.
int RunImport(const std::vector<std::string>& args);

}  // namespace hark

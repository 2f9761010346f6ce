#pragma once

#include <string>
#include <vector>

namespace hark {

// hark db: the care of a store (docs/store-care.md).
int RunDbStats(const std::vector<std::string>& args);
int RunDbCheck(const std::vector<std::string>& args);
int RunDbBackup(const std::vector<std::string>& args);
int RunDbRestore(const std::vector<std::string>& args);
int RunDbPrune(const std::vector<std::string>& args);
int RunDbCompact(const std::vector<std::string>& args);

}  // namespace hark

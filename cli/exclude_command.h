#pragma once

#include <string>
#include <vector>

namespace hark {

// hark exclude: addresses whose owners asked to be left out, for every run of a store, present and
// later. add: durable, then obeyed by every worker within seconds.
int RunExcludeAdd(const std::vector<std::string>& args);
int RunExcludeList(const std::vector<std::string>& args);
// Exit code 0: it is left out, 1: it is not.
int RunExcludeCheck(const std::vector<std::string>& args);

}  // namespace hark

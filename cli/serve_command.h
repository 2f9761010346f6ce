#pragma once

#include <string>
#include <vector>

namespace hark {

// hark serve: the coordinator of a store, until it is stopped: every open run at once, local and
// remote workers, and the operator's orders. Stopped by SIGTERM or SIGINT it exits 0; killed, it
// goes on where it was when it is started again.
int RunServe(const std::vector<std::string>& args);

}  // namespace hark

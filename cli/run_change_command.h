#pragma once

#include <string>
#include <vector>

namespace hark {

// hark run pause, resume, cancel, set: durable at once, obeyed by every worker within seconds; each
// says when that is. With no coordinator running they are written to the store.
int RunRunPause(const std::vector<std::string>& args);
int RunRunResume(const std::vector<std::string>& args);
int RunRunCancel(const std::vector<std::string>& args);
int RunRunSet(const std::vector<std::string>& args);
// hark fleet rate: the ceiling of all runs together, until the coordinator ends.
int RunFleetRate(const std::vector<std::string>& args);

}  // namespace hark

#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cli/signals.h"
#include "storage/store.h"

namespace hark {

// What finished runs found becomes part of what every place ever showed. Longer than a second it is
// told on stderr, unless quiet. A signal puts it off: the next command on this store goes on with
// it.
Status RememberFinishedRuns(Store& store, bool quiet, StopSignals& signals);

// hark db remember: the same for a store that an older hark wrote, or a scan that was stopped.
int RunDbRemember(const std::vector<std::string>& args);

}  // namespace hark

#pragma once

// How this worker looks for listeners: by SYNs over raw sockets, or by connect().

#include <memory>

#include "base/status.h"
#include "worker/engine/syn_channel.h"
#include "worker/worker_config.h"

namespace hark {

// Opens the raw sockets as config.discover wants and drops every privilege right afterwards: to be
// called before any thread is started. nullptr: by connect(); which way it is goes into the log.
// An error: discover = syn and it cannot be.
Result<std::unique_ptr<SynChannel>> OpenDiscovery(const WorkerConfig& config);

}  // namespace hark

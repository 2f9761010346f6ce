#pragma once

// The prober of hark-worker as the product runs it, without its session: jobs as a coordinator cuts
// them through the job runner, the desk in its thread, the engine's loop beside it, batches taken
// and sealed. What is left out is the bus and the spool's disk.
//
// Threads: one, and the SynThread's.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/range_set.h"
#include "base/status.h"
#include "base/time.h"
#include "worker/engine/syn_channel.h"

namespace hark::bench {

struct WholeSweepOrder {
  Range range;
  uint16_t port = 0;
  double rate = 0;  // attempts a second, 0 = as many as leave
  Duration cooldown{};
};

struct WholeSweep {
  uint64_t sent = 0;            // SYNs
  uint64_t told = 0;            // targets in batches
  std::vector<uint32_t> found;  // ascending
};

// Until the final batch of the last job.
Result<WholeSweep> RunWholeSweep(std::unique_ptr<SynChannel> channel, const WholeSweepOrder& order);

}  // namespace hark::bench

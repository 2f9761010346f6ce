#pragma once

// What a coordinator's operator or its start decides for the dispatcher.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace hark {

struct DispatcherOptions {
  double probes_per_second = 150;  // for all workers together
  size_t expected_workers = 1;     // the rate is shared by at least this many
  Duration lease = std::chrono::seconds(60);
  Duration heartbeat = std::chrono::seconds(2);
  Duration restart_grace = std::chrono::seconds(90);  // for leases of before a restart
  uint64_t credit_bytes = 4 << 20;                    // of batches not yet durable, a worker
  // A tail smaller than this is not worth a job of its own.
  uint64_t min_sweep_tail = 2048;
  uint64_t min_grab_tail = 16;
  // A lease without an accepted batch for so long is taken back, and more time where its worker's
  // share or its hosts are slow.
  Duration progress_time = std::chrono::minutes(15);
  uint64_t epoch = 1;  // grows with every start, synced before the first message
};

}  // namespace hark

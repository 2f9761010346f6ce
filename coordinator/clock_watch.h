#pragma once

// What the wall clock has said since the coordinator's start, and by that which times of visits can
// be true: the clock may have been set meanwhile, here or at the worker.

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/status.h"
#include "base/time.h"
#include "coordinator/host_batch.h"

namespace hark {

class ClockWatch {
 public:
  void Note(MonoTime now, int64_t unix_ms);

  int64_t unix_ms() const { return unix_ms_; }   // at the last message or tick
  MonoTime started() const { return started_; }  // the first that was heard of time

  // offset_ms: what the worker says its clock is off by; kCorruption when it is out of all time.
  static Status CheckOffset(int64_t offset_ms);
  // kCorruption for a visit before the run was made, or in the future.
  Status CheckVisits(const HostBatch& hosts, int64_t offset_ms, int64_t run_created_unix_ms,
                     MonoTime now) const;

 private:
  // The latest is kept as the most that it was ahead of the monotonic one, with which it goes on.
  int64_t earliest_unix_ms_ = std::numeric_limits<int64_t>::max();
  int64_t most_ahead_ms_ = std::numeric_limits<int64_t>::min();
  int64_t unix_ms_ = 0;
  MonoTime started_ = kNever;
};

}  // namespace hark

#pragma once

// What the dispatcher keeps of a run beside its jobs, and of a batch on its way to the disk.

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/time.h"
#include "coordinator/rate_adapter.h"
#include "proto/wire.pb.h"

namespace hark {

enum class DispatcherRunMode : uint8_t { kOpen, kPaused, kClosed, kCancelling, kDone };

struct DispatcherTrouble {
  std::string what;
  int64_t unix_ms = 0;
};

struct DispatcherRun {
  struct Sample {
    MonoTime at;
    uint64_t covered, visited;
  };
  DispatcherRunMode mode = DispatcherRunMode::kOpen;
  std::string as_table_hash;  // "" = none
  DispatcherTrouble last_error;
  std::vector<uint64_t> outcomes;  // of ports, by base/outcome.h Outcome
  std::deque<Sample> samples;      // of the last minutes, the oldest first
  RateAdapter adapter;             // of a run with --adapt
};

struct DispatcherBatch {
  uint32_t run;
  uint32_t job;
  proto::Token token;
  uint64_t next_seq;
  uint64_t listeners;
  std::vector<uint32_t> revisit_lists;  // one entry each
  uint64_t bytes;
  std::string key;
};

}  // namespace hark

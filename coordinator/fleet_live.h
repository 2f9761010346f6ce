#pragma once

// What the coordinator last heard of its workers, as text for `hark fleet list`: written every few
// seconds, kept when the coordinator leaves, so that "last seen" outlives it. docs/formats/fleet.md
// has the lines.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace hark {

struct LiveWorker {
  int64_t last_seen = 0;  // Unix seconds
  bool connected = false;
  uint64_t pps = 0;  // the share of the rate it obeys, rounded
  uint64_t in_flight = 0;
  uint64_t jobs = 0;
  uint64_t spool_bytes = 0;
  std::string software;  // "hark-worker_0.1.0": no blanks, "" = not said
};

struct LiveFleet {
  int64_t written = 0;                        // Unix seconds; 0 = never
  std::map<std::string, LiveWorker> workers;  // by raw public key

  // Accepts exactly what Encode writes.
  static Result<LiveFleet> Parse(std::string_view text);
  std::string Encode() const;
};

}  // namespace hark

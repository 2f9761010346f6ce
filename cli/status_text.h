#pragma once

// The fleet's state for people: `hark run status` and `hark fleet list` of a running coordinator.
// Pure: a status in, text out. Whatever workers call themselves, it is escaped and cut to a line;
// marks only where the style has them.

#include <cstddef>
#include <cstdint>
#include <string>

#include "cli/render_text.h"
#include "proto/control.pb.h"

namespace hark {

// What is left out is counted: "… and 120 more".
struct StatusLimits {
  size_t jobs = 8;      // of a run
  size_t workers = 20;  // those in trouble first when not all are shown
};

// The fleet in three lines, a block a run, the workers' table.
std::string StatusText(const proto::FleetStatus& status, const TextStyle& style,
                       const StatusLimits& limits = {});

// One line a worker by name, and below what is wrong with whom.
std::string WorkersText(const proto::FleetStatus& status, const TextStyle& style,
                        size_t at_most = SIZE_MAX);

// 75,000 -> "1m15s". Less than nothing is "0s", and nothing is more than ten years.
std::string MillisText(int64_t ms);

// 1500000 -> "1.5 MB".
std::string BytesText(uint64_t bytes);

}  // namespace hark

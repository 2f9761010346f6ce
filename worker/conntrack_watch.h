#pragma once

// Watches the kernel's table of tracked connections, which an unanswered connect() stays in for two
// minutes. A full table drops packets of everybody on the machine, so we go slower from half of it
// on, and hardly at all at 60 %.
//
// Threads: one.

#include <cstdint>
#include <optional>
#include <string>

namespace hark {

struct ConntrackFill {
  uint64_t count = 0;
  uint64_t max = 0;  // never 0
};

// nullopt: connections are not tracked here, or we cannot know.
std::optional<ConntrackFill> ReadConntrackFill();

class ConntrackWatch {
 public:
  // What part of the rate is right now, 0 to 1; logs once, and again after it was below 40 %.
  double Look(const std::optional<ConntrackFill>& fill);
  // What mends it, for the log.
  static std::string Advice(const ConntrackFill& fill);

 private:
  bool warned_ = false;
};

}  // namespace hark

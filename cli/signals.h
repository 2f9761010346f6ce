#pragma once

#include "base/unique_fd.h"

namespace hark {

// SIGINT and SIGTERM as something a loop asks for, instead of something that interrupts it. Make it
// before any thread: threads inherit the blocked signals. Restores the old mask when it ends.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // How many have come so far.
  int Count();

 private:
  UniqueFd fd_;
  int count_ = 0;
};

}  // namespace hark

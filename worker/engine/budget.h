#pragma once

// What all engine threads of one worker share out: connection attempts a second and open sockets.
// One bucket and one count for all of them, so that no ceiling is exceeded over any window whatever
// the mix, and a thread with much to do uses what another leaves.
//
// Threads: any number.

#include <atomic>
#include <cstddef>
#include <mutex>

#include "base/time.h"
#include "base/token_bucket.h"

namespace hark {

class EngineBudget {
 public:
  // sharers: the engines that draw on it, at least 1.
  EngineBudget(double per_second, size_t slots, size_t sharers, MonoTime now);

  // Connection attempts a second; 0 = none.
  void SetRate(double per_second, MonoTime now);
  double rate() const;
  bool TakeToken(MonoTime now);
  // One that was taken and not used.
  void ReturnToken();
  // When n tokens will be there for the caller; kNever at rate 0. Another may be quicker.
  MonoTime WhenTokens(double n, MonoTime now) const;

  void SetSlots(size_t slots) { slots_ = slots; }
  size_t slots() const { return slots_; }
  size_t slots_used() const { return used_; }
  bool HasSlot() const { return used_ < slots_; }
  // False when all are taken.
  bool TakeSlot();
  // For one who holds a slot already and will return one of the two.
  void AddSlot() { ++used_; }
  void ReturnSlot() { --used_; }

  size_t sharers() const { return sharers_; }

 private:
  mutable std::mutex mutex_;
  TokenBucket bucket_;  // under mutex_
  std::atomic<size_t> slots_;
  std::atomic<size_t> used_{0};
  const size_t sharers_;
};

}  // namespace hark

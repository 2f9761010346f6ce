#pragma once

// Alarms by time: setting, cancelling and taking the next are O(log n).

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include "base/time.h"

namespace hark {

// Told when its time has come. An object that dies cancels its alarm first.
class Alarm {
 public:
  virtual ~Alarm() = default;
  virtual void OnAlarm(MonoTime now) = 0;

 private:
  friend class TimerQueue;
  MonoTime due_ = kNever;
  uint64_t order_ = 0;  // alarms due together ring in the order they were set
};

class TimerQueue {
 public:
  // One time per alarm: setting replaces. kNever cancels.
  void Set(Alarm* alarm, MonoTime due);
  void Cancel(Alarm* alarm) { Set(alarm, kNever); }

  MonoTime next() const { return queue_.empty() ? kNever : queue_.begin()->due; }
  size_t size() const { return queue_.size(); }
  // Rings what is due at now. An alarm set to now or earlier while ringing waits for the next call.
  void RingDue(MonoTime now);

 private:
  struct Entry {
    MonoTime due;
    uint64_t order;
    Alarm* alarm;
    bool operator<(const Entry& other) const {
      return std::pair(due, order) < std::pair(other.due, other.order);
    }
  };

  std::set<Entry> queue_;
  uint64_t next_order_ = 1;
};

}  // namespace hark

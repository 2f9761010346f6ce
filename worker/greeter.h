#pragma once

// When to say HELLO: one outstanding at a time, a new one when it stays unanswered for the answer
// time, never two within a second, and after each failure twice as long apart, up to a minute. A
// fleet that lost its coordinator must not come back as a storm.

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace hark {

class Greeter {
 public:
  explicit Greeter(Duration answer_time) : answer_time_(answer_time) {}

  bool Due(MonoTime now) const { return now >= next_; }
  MonoTime next() const { return next_; }
  int unanswered() const { return unanswered_; }

  void Sent(MonoTime now) {
    gap_ = unanswered_ == 0 ? kFirstGap : std::min(gap_ * 2, kLastGap);
    next_ = now + std::max(gap_, answer_time_);
    earliest_ = now + kFirstGap;
    ++unanswered_;
  }
  void Answered() { unanswered_ = 0; }
  // Asked to greet (again): as soon as manners allow.
  void Hurry(MonoTime now) { next_ = std::max(now, earliest_); }
  // Told to come later.
  void Wait(MonoTime now, Duration at_least) {
    next_ = std::max(next_, now + std::clamp<Duration>(at_least, kFirstGap, kLongestWait));
    earliest_ = next_;
  }

 private:
  static constexpr Duration kFirstGap = std::chrono::seconds(1);
  static constexpr Duration kLastGap = std::chrono::seconds(60);
  static constexpr Duration kLongestWait = std::chrono::hours(1);

  Duration answer_time_;
  Duration gap_ = kFirstGap;
  MonoTime next_{};
  MonoTime earliest_{};
  int unanswered_ = 0;
};

}  // namespace hark

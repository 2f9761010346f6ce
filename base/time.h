#pragma once

// Time as an argument. Pure code takes `now`; only engines and main loops own a Clock.

#include <chrono>
#include <cstdint>

namespace hark {

using Duration = std::chrono::nanoseconds;
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

inline constexpr MonoTime kNever = MonoTime::max();

// Where a loop gets its time from. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime Now() const = 0;        // monotonic
  virtual int64_t UnixMillis() const = 0;  // wall clock, UTC
};

class SystemClock final : public Clock {
 public:
  MonoTime Now() const override { return std::chrono::steady_clock::now(); }
  int64_t UnixMillis() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

// Stands still until told. For tests and simulation; one thread only.
class ManualClock final : public Clock {
 public:
  MonoTime Now() const override { return now_; }
  int64_t UnixMillis() const override {
    return 1'500'000'000'000 +
           std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count();
  }
  void Advance(Duration by) { now_ += by; }
  void Set(MonoTime now) { now_ = now; }

 private:
  MonoTime now_{std::chrono::hours(1)};
};

inline int64_t ToMillis(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

}  // namespace hark

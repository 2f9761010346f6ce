#pragma once

// What this process used between two moments, by getrusage(2).

#include <sys/resource.h>

#include "base/time.h"
#include "tests/bench/clients.h"

namespace hark::bench {

class CostMeter {
 public:
  CostMeter() : began_(clock_.Now()) { getrusage(RUSAGE_SELF, &usage_); }

  void Stop(Cost* cost) const {
    rusage now{};
    getrusage(RUSAGE_SELF, &now);
    cost->user_seconds = Seconds(now.ru_utime) - Seconds(usage_.ru_utime);
    cost->system_seconds = Seconds(now.ru_stime) - Seconds(usage_.ru_stime);
    cost->wall_seconds = std::chrono::duration<double>(clock_.Now() - began_).count();
  }

 private:
  static double Seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  }

  SystemClock clock_;
  MonoTime began_;
  rusage usage_{};
};

}  // namespace hark::bench

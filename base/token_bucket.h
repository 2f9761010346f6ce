#pragma once

#include "base/time.h"

namespace hark {

// A rate ceiling: over any window of length w at most rate*w + burst units pass. Pure; the owner
// passes the time. burst defaults to 10 ms worth, at least one unit, so the ceiling holds over any
// 100 ms window to within a tenth.
class TokenBucket {
 public:
  TokenBucket(double per_second, MonoTime now) : rate_(per_second), last_(now) {}
  // With a burst of its own, which is there from the beginning.
  TokenBucket(double per_second, double burst, MonoTime now)
      : rate_(per_second), burst_(burst), tokens_(burst), last_(now) {}

  // 0 stops everything. Tokens already earned are kept up to the new burst.
  void SetRate(double per_second, MonoTime now);
  double rate() const { return rate_; }

  // Takes n units if they are there.
  bool TryTake(double n, MonoTime now);
  // Takes as many whole units as there are beyond `leave`, at most `most`; how many.
  double TakeUpTo(double most, double leave, MonoTime now);
  // Gives back what was taken and not used; what the bucket cannot hold is lost.
  void Return(double n);
  // When n units will be there, at the present rate; kNever at rate 0.
  MonoTime WhenAvailable(double n, MonoTime now) const;

 private:
  double Burst() const;
  void Refill(MonoTime now);

  double rate_;
  double burst_ = 0;  // 0 = by the rate
  double tokens_ = 0;
  MonoTime last_;
};

}  // namespace hark

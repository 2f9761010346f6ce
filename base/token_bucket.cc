#include "base/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace hark {
namespace {

constexpr double kBurstSeconds = 0.01;

double Seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

double TokenBucket::Burst() const {
  return burst_ > 0 ? burst_ : std::max(1.0, rate_ * kBurstSeconds);
}

void TokenBucket::Refill(MonoTime now) {
  if (now > last_) {
    tokens_ = std::min(Burst(), tokens_ + rate_ * Seconds(now - last_));
    last_ = now;
  }
}

void TokenBucket::SetRate(double per_second, MonoTime now) {
  Refill(now);
  rate_ = per_second;
  tokens_ = std::min(tokens_, Burst());
}

bool TokenBucket::TryTake(double n, MonoTime now) {
  Refill(now);
  if (tokens_ < n) return false;
  tokens_ -= n;
  return true;
}

double TokenBucket::TakeUpTo(double most, double leave, MonoTime now) {
  Refill(now);
  const double n = std::clamp(std::floor(tokens_ - leave), 0.0, std::max(0.0, most));
  tokens_ -= n;
  return n;
}

void TokenBucket::Return(double n) {
  tokens_ = std::min(Burst(), tokens_ + n);
}

MonoTime TokenBucket::WhenAvailable(double n, MonoTime now) const {
  if (rate_ <= 0) return kNever;
  const double have = std::min(Burst(), tokens_ + rate_ * std::max(0.0, Seconds(now - last_)));
  if (have >= n) return now;
  const double wait = (n - have) / rate_;
  // Rounded up, so that a caller who sleeps until then finds the tokens there.
  return now + Duration(static_cast<int64_t>(wait * 1e9) + 1);
}

}  // namespace hark

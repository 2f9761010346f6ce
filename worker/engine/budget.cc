#include "worker/engine/budget.h"

namespace hark {

EngineBudget::EngineBudget(double per_second, size_t slots, size_t sharers, MonoTime now)
    : bucket_(per_second, now), slots_(slots), sharers_(sharers) {}

void EngineBudget::SetRate(double per_second, MonoTime now) {
  const std::lock_guard lock(mutex_);
  bucket_.SetRate(per_second, now);
}

double EngineBudget::rate() const {
  const std::lock_guard lock(mutex_);
  return bucket_.rate();
}

bool EngineBudget::TakeToken(MonoTime now) {
  const std::lock_guard lock(mutex_);
  return bucket_.TryTake(1, now);
}

void EngineBudget::ReturnToken() {
  const std::lock_guard lock(mutex_);
  bucket_.Return(1);
}

MonoTime EngineBudget::WhenTokens(double n, MonoTime now) const {
  const std::lock_guard lock(mutex_);
  return bucket_.WhenAvailable(n, now);
}

bool EngineBudget::TakeSlot() {
  size_t used = used_;
  while (used < slots_) {
    if (used_.compare_exchange_weak(used, used + 1)) return true;
  }
  return false;
}

}  // namespace hark

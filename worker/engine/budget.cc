#include "worker/engine/budget.h"

#include <algorithm>
#include <cmath>

namespace hark {
namespace {

constexpr Duration kBytesAhead = std::chrono::milliseconds(10);
constexpr double kSegmentBytes = 1448;
constexpr double kHeaderWireBytes = 90;  // Ethernet with preamble, checksum and gap, IP, TCP

}  // namespace

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

void EngineBudget::SetBandwidth(double bits_per_second) {
  const std::lock_guard lock(mutex_);
  bytes_per_second_ = bits_per_second / 8;
}

// Under mutex_, and bytes_per_second_ > 0.
Duration EngineBudget::TimeOf(double bytes) const {
  return Duration(static_cast<int64_t>(bytes / bytes_per_second_ * 1e9));
}

void EngineBudget::ChargeSaid(size_t bytes, MonoTime now) {
  if (bytes_per_second_ <= 0) return;  // the usual case, without the lock
  const std::lock_guard lock(mutex_);
  if (bytes_per_second_ <= 0) return;
  const double packets = std::ceil(static_cast<double>(bytes) / kSegmentBytes);
  const double wire = static_cast<double>(bytes) + packets * kHeaderWireBytes;
  bytes_earned_ = std::max(bytes_earned_, now) + TimeOf(wire);
}

// The line may be so far ahead of its rate, as the bucket of attempts may.
MonoTime EngineBudget::BytesFrom() const {
  return bytes_per_second_ > 0 ? bytes_earned_ - kBytesAhead : MonoTime::min();
}

bool EngineBudget::TakeToken(MonoTime now) {
  const std::lock_guard lock(mutex_);
  if (BytesFrom() > now || !bucket_.TryTake(1, now)) return false;
  if (bytes_per_second_ > 0) {
    bytes_earned_ = std::max(bytes_earned_, now) + TimeOf(kConnectWireBytes);
  }
  return true;
}

void EngineBudget::ReturnToken() {
  const std::lock_guard lock(mutex_);
  bucket_.Return(1);
  if (bytes_per_second_ > 0) bytes_earned_ -= TimeOf(kConnectWireBytes);
}

size_t EngineBudget::TakeTokens(size_t most, size_t leave, MonoTime now) {
  const std::lock_guard lock(mutex_);
  auto wanted = static_cast<double>(most);
  if (bytes_per_second_ > 0) {
    if (BytesFrom() > now) return 0;
    const MonoTime earned = std::max(bytes_earned_, now);
    const double seconds = std::chrono::duration<double>(now + kBytesAhead - earned).count();
    wanted = std::min(wanted, std::max(1.0, seconds * bytes_per_second_ / kSynWireBytes));
  }
  const double n = bucket_.TakeUpTo(std::floor(wanted), static_cast<double>(leave), now);
  if (bytes_per_second_ > 0 && n > 0) {
    bytes_earned_ = std::max(bytes_earned_, now) + TimeOf(n * kSynWireBytes);
  }
  return static_cast<size_t>(n);
}

void EngineBudget::ReturnTokens(size_t n) {
  const std::lock_guard lock(mutex_);
  bucket_.Return(static_cast<double>(n));
  if (bytes_per_second_ > 0) bytes_earned_ -= TimeOf(static_cast<double>(n) * kSynWireBytes);
}

MonoTime EngineBudget::WhenTokens(double n, MonoTime now) const {
  const std::lock_guard lock(mutex_);
  return std::max(bucket_.WhenAvailable(n, now), BytesFrom());
}

bool EngineBudget::TakeSlot() {
  size_t used = used_;
  while (used < slots_) {
    if (used_.compare_exchange_weak(used, used + 1)) return true;
  }
  return false;
}

}  // namespace hark

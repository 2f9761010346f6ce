#include "worker/engine/run_pacer.h"

#include <algorithm>

#include "base/bytes.h"
#include "worker/engine/socket_address.h"

namespace hark {
namespace {

// As TokenBucket's: a ceiling holds over 100 ms to within a tenth, or one attempt.
constexpr double kBurstSeconds = 0.01;
constexpr size_t kFirstSweep = 1024;
// With all places taken a look at all of them is dear.
constexpr Duration kFullWait = std::chrono::milliseconds(100);
// Beyond a year a ceiling is "never".
constexpr double kLongestInterval = 3e7;

// The kind of place is in the top byte.
constexpr int kKindShift = 56;
constexpr uint64_t kV4Prefix = 1;
constexpr uint64_t kV6Prefix = 2;
constexpr uint64_t kAs = 3;
constexpr uint64_t kFull = 4;

RunPacer::Place PlaceOf(uint64_t kind, uint64_t number) {
  return kind << kKindShift | number;
}

RunPacer::Place PrefixOf(const Address& address) {
  if (const auto v4 = V4Destination(address)) return PlaceOf(kV4Prefix, *v4 >> 8);
  ByteReader reader(address.bytes());
  return PlaceOf(kV6Prefix, reader.U64() >> 16);
}

}  // namespace

RunPacer::Ceiling RunPacer::CeilingOf(double per_second) {
  if (per_second <= 0) return {};
  const double interval = std::min(1 / per_second, kLongestInterval);
  const double ahead = std::max(1.0, per_second * kBurstSeconds) - 1;
  const auto nanos = [](double seconds) { return Duration(static_cast<int64_t>(seconds * 1e9)); };
  // Rounded up: a ceiling is never exceeded for want of a nanosecond.
  return {nanos(interval) + Duration(1), nanos(interval * ahead)};
}

void RunPacer::SetLimits(const PaceLimits& limits, MonoTime now) {
  const std::lock_guard lock(mutex_);
  // Said again with every heartbeat.
  if (!unlimited_ && limits == limits_) return;
  unlimited_ = false;
  limits_ = limits;
  run_.SetRate(limits.per_second, now);
  prefix_ = CeilingOf(limits.per_prefix);
  as_ = CeilingOf(limits.per_as);
  ForgiveBeyond(now);
  ++changes_;
}

// What was charged stays charged, so that a ceiling that is back after a pause remembers; but a
// higher one is not kept waiting for what a lower one was owed. The last attempt lies in the past,
// so one new interval from now is late enough.
void RunPacer::ForgiveBeyond(MonoTime now) {
  for (auto& [place, earned] : earned_) {
    const Ceiling& ceiling = CeilingAt(place);
    if (ceiling.interval == Duration(0)) continue;
    earned = std::min(earned, now + ceiling.interval + ceiling.burst);
  }
}

void RunPacer::SetUnlimited(MonoTime now) {
  SetLimits({}, now);
  const std::lock_guard lock(mutex_);
  unlimited_ = true;
  ++changes_;
}

void RunPacer::SetAsTable(std::shared_ptr<const AsTable> table) {
  const std::lock_guard lock(mutex_);
  as_table_ = std::move(table);
}

MonoTime RunPacer::FreeFrom(Place place, const Ceiling& ceiling) const {
  const auto found = earned_.find(place);
  return found == earned_.end() ? MonoTime::min() : found->second - ceiling.burst;
}

void RunPacer::Charge(Place place, const Ceiling& ceiling, MonoTime now) {
  MonoTime& earned = earned_.try_emplace(place, now).first->second;
  earned = std::max(earned, now) + ceiling.interval;
}

// Places that have all their tokens again are as good as unknown. The next sweep comes when the
// map has doubled, so that a charge costs the same on average however many there are.
bool RunPacer::HasRoom(MonoTime now) {
  if (earned_.size() + 2 <= std::max(sweep_at_, kFirstSweep)) return true;
  if (now < sweep_after_) return false;
  std::erase_if(earned_, [&](const auto& entry) { return entry.second <= now; });
  sweep_at_ = std::clamp(2 * earned_.size(), kFirstSweep, kMaxPlaces);
  const bool room = earned_.size() + 2 <= sweep_at_;
  if (!room) sweep_after_ = now + kFullWait;
  return room;
}

// 0: no ceiling holds it.
RunPacer::Place RunPacer::PrefixPlace(const Address& address) const {
  return prefix_.interval > Duration(0) ? PrefixOf(address) : 0;
}

RunPacer::Place RunPacer::AsPlace(const Address& address) const {
  if (as_.interval == Duration(0) || as_table_ == nullptr) return 0;
  const auto v4 = V4Destination(address);
  const auto asn = v4 ? as_table_->Find(*v4) : std::nullopt;
  return asn ? PlaceOf(kAs, *asn) : 0;
}

RunPacer::Answer RunPacer::TakePlacesLocked(const Address& address, MonoTime now) {
  using Kind = Answer::Kind;
  const Place prefix = PrefixPlace(address);
  if (prefix != 0 && FreeFrom(prefix, prefix_) > now) {
    return {Kind::kPlaceWaits, FreeFrom(prefix, prefix_), prefix};
  }
  const Place as = AsPlace(address);
  if (as != 0 && FreeFrom(as, as_) > now) return {Kind::kPlaceWaits, FreeFrom(as, as_), as};
  if ((prefix != 0 || as != 0) && !HasRoom(now)) {
    return {Kind::kPlaceWaits, sweep_after_, PlaceOf(kFull, 0)};
  }
  if (prefix != 0) Charge(prefix, prefix_, now);
  if (as != 0) Charge(as, as_, now);
  return {};
}

RunPacer::Answer RunPacer::Take(const Address& address, MonoTime now) {
  const std::lock_guard lock(mutex_);
  if (unlimited_) return {};
  const MonoTime run = run_.WhenAvailable(1, now);
  if (run > now) return {Answer::Kind::kRunWaits, run, 0};
  const Answer answer = TakePlacesLocked(address, now);
  if (answer.kind == Answer::Kind::kGo) run_.TryTake(1, now);
  return answer;
}

RunPacer::Allowance RunPacer::TakeRun(size_t most, size_t leave, MonoTime now) {
  const std::lock_guard lock(mutex_);
  if (unlimited_) return {most, false};
  const double n = run_.TakeUpTo(static_cast<double>(most), static_cast<double>(leave), now);
  const bool as = as_.interval > Duration(0) && as_table_ != nullptr;
  return {static_cast<size_t>(n), prefix_.interval > Duration(0) || as};
}

RunPacer::Answer RunPacer::TakePlaces(const Address& address, MonoTime now) {
  const std::lock_guard lock(mutex_);
  return unlimited_ ? Answer{} : TakePlacesLocked(address, now);
}

void RunPacer::ReturnRun(size_t attempts) {
  const std::lock_guard lock(mutex_);
  run_.Return(static_cast<double>(attempts));
}

void RunPacer::ReturnPlaces(const Address& address) {
  const std::lock_guard lock(mutex_);
  for (const Place place : {PrefixPlace(address), AsPlace(address)}) {
    const auto found = earned_.find(place);
    if (found != earned_.end()) found->second -= CeilingAt(place).interval;
  }
}

MonoTime RunPacer::WhenRun(double seconds_worth, MonoTime now) const {
  const std::lock_guard lock(mutex_);
  if (unlimited_) return now;
  return run_.WhenAvailable(std::max(1.0, run_.rate() * seconds_worth), now);
}

const RunPacer::Ceiling& RunPacer::CeilingAt(Place place) const {
  return place >> kKindShift == kAs ? as_ : prefix_;
}

MonoTime RunPacer::WhenPlace(Place place, MonoTime now) const {
  const std::lock_guard lock(mutex_);
  if (place >> kKindShift == kFull) return std::max(now, sweep_after_);
  return std::max(now, FreeFrom(place, CeilingAt(place)));
}

double RunPacer::rate() const {
  const std::lock_guard lock(mutex_);
  return unlimited_ ? 1e9 : run_.rate();
}

bool RunPacer::OwesNothing(MonoTime now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(earned_, [&](const auto& entry) { return entry.second <= now; });
  return earned_.empty();
}

size_t RunPacer::places() const {
  const std::lock_guard lock(mutex_);
  return earned_.size();
}

}  // namespace hark

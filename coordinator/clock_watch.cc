#include "coordinator/clock_watch.h"

namespace hark {
namespace {

// What a clock may be wrong after its offset was taken off, since it may have been set after that,
// and what it can be off at most (dates of 1970 to 2096).
constexpr int64_t kTimeSlackMillis = int64_t{24} * 60 * 60 * 1000;
constexpr int64_t kMaxOffsetMillis = 4'000'000'000'000;

}  // namespace

void ClockWatch::Note(MonoTime now, int64_t unix_ms) {
  unix_ms_ = unix_ms;
  started_ = std::min(started_, now);
  earliest_unix_ms_ = std::min(earliest_unix_ms_, unix_ms);
  most_ahead_ms_ = std::max(most_ahead_ms_, unix_ms - ToMillis(now.time_since_epoch()));
}

Status ClockWatch::CheckOffset(int64_t offset_ms) {
  if (offset_ms < -kMaxOffsetMillis || offset_ms > kMaxOffsetMillis) {
    return Corruption("a clock offset out of all time");
  }
  return Status::Ok();
}

Status ClockWatch::CheckVisits(const HostBatch& hosts, int64_t offset_ms,
                               int64_t run_created_unix_ms, MonoTime now) const {
  const int64_t first = std::min(run_created_unix_ms, earliest_unix_ms_) - kTimeSlackMillis;
  const int64_t last = most_ahead_ms_ + ToMillis(now.time_since_epoch()) + kTimeSlackMillis;
  for (const proto::HostObservation& host : hosts) {
    const int64_t at = host.started_unix_ms() + offset_ms;
    if (!host.excluded() && at < first) return Corruption("a visit before the run was made");
    if (!host.excluded() && at > last) return Corruption("a visit in the future");
  }
  return Status::Ok();
}

}  // namespace hark

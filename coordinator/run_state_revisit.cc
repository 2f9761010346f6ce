// Which hosts are visited again, and until when a run waits for nothing else: a part of RunState.

#include <algorithm>

#include "base/mutation.h"
#include "base/outcome.h"
#include "coordinator/batch_check.h"
#include "coordinator/revisit_merge.h"
#include "coordinator/run_state.h"

namespace hark {

using proto::JobRow;

std::optional<StoredRevisit> RunState::ScheduleRevisit(const LiveJob& job,
                                                       const proto::HostObservation& host,
                                                       const std::string& worker, MonoTime now,
                                                       int64_t unix_ms) {
  if (host.excluded()) return std::nullopt;  // nobody goes there again
  RevisitKind kind;
  bool answered = false;
  if (IsRevisit(job.row)) {
    const RevisitKind* before = revisits_.Find(job.row.revisit_list());
    if (before == nullptr) return std::nullopt;
    kind = *before;
    kind.ports.clear();
  } else {
    proto::Tally alone;
    CountHost(host, &alone);
    kind.counted_throttled = alone.throttled() > 0;
  }
  for (const proto::PortObservation& port : host.ports()) {
    const bool throttled = IsRevisit(job.row)
                               ? StaysThrottled(port)
                               : port.outcome() == static_cast<uint32_t>(Outcome::kThrottled);
    if (throttled) kind.ports.push_back(port.port());
    answered |= !throttled;
  }
  if (IsRevisit(job.row) && answered) kind.counted_throttled = false;
  if (!Broken(Rule::kRevisitOneRound)) ++kind.round;
  if (kind.ports.empty() || kind.round > revisits_.max_rounds()) return std::nullopt;
  const auto at = std::lower_bound(kind.workers.begin(), kind.workers.end(), worker);
  if (at == kind.workers.end() || *at != worker) kind.workers.insert(at, worker);
  return revisits_.Add(std::move(kind), host.address(), now, unix_ms);
}

std::optional<MonoTime> RunState::WaitsForRevisitsUntil() const {
  const bool only_that = open_sweeps_ == 0 && leased_.empty() && listeners_ == durable_listeners_ &&
                         cut_ >= listeners_;
  if (!only_that) return std::nullopt;
  MonoTime until = revisits_.Next();
  for (const uint32_t id : pending_grabs_) {
    const LiveJob& job = jobs_.at(id);
    if (!IsRevisit(job.row) || !job.rests_until) return std::nullopt;
    until = std::min(until, *job.rests_until);
  }
  if (until == kNever) return std::nullopt;
  return until;
}

}  // namespace hark

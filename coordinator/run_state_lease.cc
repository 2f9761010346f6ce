// Which job a worker gets: the choosing half of RunState.

#include <algorithm>

#include "base/mutation.h"
#include "coordinator/run_state.h"

namespace hark {
namespace {

using proto::JobRow;

// Listeners a GRAB job. Large enough that a job outlives the request for the next, small enough
// that a lost lease is cheap.
constexpr uint64_t kMaxGrabJob = 256;
constexpr uint64_t kMinGrabJob = 8;
// After so long an audit goes first: what it compares shall not grow too different.
constexpr Duration kAuditPatience = std::chrono::minutes(10);

// Listeners or revisits a job: of what is there, a part that leaves something for the others.
uint64_t GrabSize(uint64_t available, size_t sharers) {
  const uint64_t fair = available / (2 * std::max<size_t>(sharers, 1)) + 1;
  return std::clamp(fair, kMinGrabJob, kMaxGrabJob);
}

}  // namespace

// Never for one it stood still with; a suspect only for a worker that holds nothing else; a revisit
// only after its rest.
bool RunState::MayTake(LiveJob& job, const Asking& asking) {
  if (job.barred.contains(asking.worker)) return false;
  if (job.row.suspect() && asking.sweeps + asking.grabs > 0) return false;
  if (!IsRevisit(job.row)) return true;
  if (!job.rests_until) job.rests_until = asking.now + revisits_.Backoff(job.row.round());
  const Duration waited = asking.now - *job.rests_until;
  return waited >= Duration(0) &&
         revisits_.MayTake(job.row.revisit_list(), asking.worker, asking.connected, waited);
}

LiveJob* RunState::TakePending(bool sweep, const Asking& asking) {
  std::set<uint32_t>& pending = sweep ? pending_sweeps_ : pending_grabs_;
  const auto it = std::find_if(pending.begin(), pending.end(),
                               [&](uint32_t id) { return MayTake(*Find(id), asking); });
  if (it == pending.end()) return nullptr;
  LiveJob* job = Find(*it);
  pending.erase(it);
  return job;
}

LiveJob* RunState::CutGrabJob(uint64_t at_least, const Asking& asking) {
  const uint64_t there = Broken(Rule::kDurableListenersOnly) ? listeners_ : durable_listeners_;
  const uint64_t available = there - std::min(cut_, there);
  if (available < std::max<uint64_t>(at_least, 1)) return nullptr;
  JobRow row;
  row.set_id(jobs_.rbegin()->first + 1);
  row.set_kind(JobRow::GRAB_LISTENERS);
  row.set_base(cut_);
  row.set_cursor(cut_);
  row.set_end(cut_ + std::min(available, GrabSize(available, asking.sharers)));
  return &Add(std::move(row));
}

LiveJob* RunState::CutRevisitJob(const Asking& asking) {
  const uint64_t at_most = GrabSize(revisits_.waiting(), asking.sharers);
  const auto stretch = revisits_.Cut(asking.worker, asking.connected, at_most, asking.now);
  if (!stretch) return nullptr;
  const RevisitKind& kind = *revisits_.Find(stretch->list);
  JobRow row;
  row.set_id(jobs_.rbegin()->first + 1);
  row.set_kind(JobRow::GRAB_REVISITS);
  row.set_base(stretch->from);
  row.set_cursor(stretch->from);
  row.set_end(stretch->to);
  row.set_revisit_list(stretch->list);
  row.set_round(kind.round);
  *row.mutable_ports() = {kind.ports.begin(), kind.ports.end()};
  return &Add(std::move(row));
}

// Hosts that have waited go before hosts that are new: their time has come.
LiveJob* RunState::TakeGrab(uint64_t at_least, const Asking& asking) {
  LiveJob* job = TakePending(false, asking);
  if (job != nullptr) return job;
  job = CutRevisitJob(asking);
  if (job == nullptr) job = CutGrabJob(at_least, asking);
  if (job != nullptr) pending_grabs_.erase(job->row.id());
  return job;
}

// A worker that asks for one kind is given that. Any other is given both kinds where both are to be
// had: one waits for peers, the other for the rate, so together they keep it busy.
LiveJob* RunState::Lease(const Asking& asking, const proto::Token& token, MonoTime deadline) {
  LiveJob* job = nullptr;
  if (!asking.may_visit) {
    job = TakePending(true, asking);
  } else {
    job = TakeAudit(kAuditPatience, asking);
    const bool grab_first = asking.grabs <= asking.sweeps || !asking.may_sweep;
    if (job == nullptr && grab_first) job = TakeGrab(kMaxGrabJob / 4, asking);
    if (job == nullptr && asking.may_sweep) job = TakePending(true, asking);
    if (job == nullptr) job = TakeGrab(1, asking);
    if (job == nullptr) job = TakeAudit(Duration(0), asking);
  }
  if (job == nullptr) return nullptr;
  job->row.set_state(JobRow::LEASED);
  if (!Broken(Rule::kNewToken) || !job->row.has_token()) *job->row.mutable_token() = token;
  job->row.set_worker(asking.worker);
  job->row.set_next_seq(0);
  job->durable_next_seq = 0;
  job->leased_at_cursor = job->row.cursor();
  job->deadline = deadline;
  job->leased_at = job->progress_at = asking.now;
  NoteLeased(*job);
  Touch(*job);
  return job;
}

}  // namespace hark

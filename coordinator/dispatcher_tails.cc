#include "base/mutation.h"
#include "coordinator/dispatcher.h"

// Tails: the rest of a straggler's job for somebody who has nothing to do.

namespace hark {
namespace {

using proto::JobRow;

// Looking for the longest job is of all leases: with many workers not at every request.
constexpr size_t kFewWorkers = 32;
constexpr Duration kTailPausePerWorker = std::chrono::milliseconds(1);

}  // namespace

// Nothing is left to give while somebody still has a long job: ask the one with the most for half.
void Dispatcher::AskForTail(const std::string& idle_key, MonoTime now) {
  if (now < next_tail_) return;
  if (sessions_.size() > kFewWorkers) {
    next_tail_ = now + kTailPausePerWorker * static_cast<int64_t>(sessions_.size());
  }
  const Session* idle = SessionOf(idle_key);
  LiveJob* longest = nullptr;
  uint32_t run_of_longest = 0;
  uint64_t most = 0;
  for (auto& [id, run] : runs_) {
    if (!IsOpen(id) || idle == nullptr || !MayServe(*idle, run)) continue;
    for (LiveJob* job : run.AllLeased()) {
      const uint64_t left = job->row.end() - job->row.cursor();
      const uint64_t worth =
          job->row.kind() == JobRow::SWEEP ? options_.min_sweep_tail : options_.min_grab_tail;
      const bool asked = trimming_.contains({id, job->row.id()});
      if (unsent_.Has({id, job->row.id()})) continue;
      // Whom a throttled host may be given to is decided when its job is cut. An audit is short,
      // and the idle one may be whom it is about.
      if (job->row.kind() == JobRow::GRAB_REVISITS || RunState::IsAudit(job->row)) continue;
      if (job->row.worker() == idle_key || asked || left < 2 * worth || left <= most) continue;
      longest = job;
      run_of_longest = id;
      most = left;
    }
  }
  Session* holder = longest == nullptr ? nullptr : SessionOf(longest->row.worker());
  if (holder == nullptr) return;
  trimming_.emplace(run_of_longest, longest->row.id());
  proto::Trim& trim = *Say(holder->route, holder->id).mutable_trim();
  trim.set_run(run_of_longest);
  trim.set_job(longest->row.id());
  *trim.mutable_token() = longest->row.token();
  trim.set_new_end(longest->row.cursor() + (most + 1) / 2);
  if (Broken(Rule::kTrimAfterAck)) {
    MutableRun(run_of_longest)->GiveTail(*longest, trim.new_end());
  }
}

void Dispatcher::OnTrimAck(Session& session, const proto::TrimAck& ack) {
  LiveJob* job = HeldBy(session.key, ack.run(), ack.job(), ack.token());
  if (job == nullptr || trimming_.erase({ack.run(), ack.job()}) == 0) return;
  if (job->row.state() != JobRow::LEASED) return;
  if (ack.accepted_end() <= job->row.cursor() || ack.accepted_end() >= job->row.end()) return;
  MutableRun(ack.run())->GiveTail(*job, ack.accepted_end());
}

}  // namespace hark

#include <algorithm>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"
#include "coordinator/dispatcher.h"
#include "coordinator/run_settings.h"

// Jobs: what is leased to whom, and when a run is over. Batches are in dispatcher_batches.cc.

namespace hark {
namespace {

using proto::JobRow;

constexpr uint32_t kNoJobRetryMillis = 150;
// While a run only waits for throttled hosts: workers come and go meanwhile, so not for all of it.
constexpr int64_t kMaxNoJobRetryMillis = 5000;
// Something is due, but for another worker.
constexpr int64_t kNotYoursRetryMillis = 1000;
constexpr size_t kTargetChunkBytes = 64 << 10;
constexpr uint32_t kMaxSlots = 8;  // jobs a worker may ask for at once

}  // namespace

void Dispatcher::CommitDirty(RunState& run) {
  CommitItem item;
  item.jobs = run.TakeDirtyJobs();
  if (item.jobs.empty()) return;
  item.run = run.run().id();
  // Not synced: a lease that is forgotten in a power cut is given out again under a new epoch.
  queue_.Submit(std::move(item));
}

void Dispatcher::ReleaseLease(RunState& run, LiveJob& job, Blame blame) {
  const std::pair<uint32_t, uint32_t> id{run.run().id(), job.row.id()};
  grab_targets_.erase(id);
  trimming_.erase(id);
  run.Release(job, blame);
}

void Dispatcher::ReleaseLeasesOf(const std::function<bool(const std::string& key)>& dead) {
  for (auto& [id, run] : runs_) {
    for (LiveJob* job : run.AllLeased()) {
      if (dead(job->row.worker())) ReleaseLease(run, *job, Blame::kNone);
    }
    CommitDirty(run);
  }
}

void Dispatcher::OnRequest(Session& session, const proto::Request& request, MonoTime now) {
  const uint32_t wanted = std::min(request.slots(), kMaxSlots);
  const bool leaving = paused_ || draining_.contains(session.key);
  uint32_t slots = leaving ? 0 : wanted;
  uint32_t given = 0;
  RunState::Asking asking;
  asking.worker = session.key;
  asking.sharers = std::max(options_.expected_workers, sessions_.size());
  asking.now = now;
  for (const auto& [key, route] : route_of_key_) asking.connected.push_back(key);
  for (auto& [id, run] : runs_) {
    asking.sweeps = asking.grabs = 0;
    for (const LiveJob* job : run.LeasedTo(session.key)) {
      if (job->row.suspect()) slots = 0;  // whatever happens now is this job's doing alone
      ++(RunState::IsKnocking(job->row) ? asking.sweeps : asking.grabs);
    }
    for (; slots > 0; --slots) {
      proto::Token token;
      token.set_epoch(Broken(Rule::kEpochInToken) ? 1 : options_.epoch);
      token.set_counter(next_token_++);
      LiveJob* job = run.Lease(asking, token, now + options_.lease);
      if (job == nullptr) break;
      ++(RunState::IsKnocking(job->row) ? asking.sweeps : asking.grabs);
      if (!SendJob(session, run, *job)) break;
      ++given;
      if (job->row.suspect()) slots = 1;  // the last: the loop's step makes it none
    }
  }
  if (given == wanted) return;
  Say(session.route, session.id).mutable_no_job()->set_retry_after_ms(RetryMillis(now));
  if (!leaving) AskForTail(session.key);
}

uint32_t Dispatcher::RetryMillis(MonoTime now) const {
  MonoTime until = kNever;
  for (const auto& [id, run] : runs_) {
    if (run.run().state() == proto::RunRow::DONE) continue;
    const std::optional<MonoTime> waits = run.WaitsForRevisitsUntil();
    if (!waits) return kNoJobRetryMillis;
    until = std::min(until, *waits);
  }
  if (until == kNever) return kNoJobRetryMillis;
  const int64_t millis = until <= now ? kNotYoursRetryMillis : ToMillis(until - now) + 1;
  return static_cast<uint32_t>(std::min(millis, kMaxNoJobRetryMillis));
}

Result<const std::vector<Address>*> Dispatcher::TargetsOf(const RunState& run, const LiveJob& job) {
  static const std::vector<Address> kNone;
  const JobRow& row = job.row;
  if (RunState::IsKnocking(row)) return &kNone;
  const std::pair<uint32_t, uint32_t> id{run.run().id(), row.id()};
  const auto known = grab_targets_.find(id);
  if (known != grab_targets_.end()) return &known->second;
  std::vector<Address> targets;
  if (row.kind() == JobRow::AUDIT_GRAB) {
    for (const proto::AuditHost& host : row.audit().hosts()) {
      targets.push_back(Address::FromBytes(host.address()).value_or(Address()));
    }
  } else if (row.kind() != JobRow::GRAB_TARGETS) {
    HARK_ASSIGN_OR_RETURN(
        targets, address_source_(run.run().id(), row.revisit_list(), row.base(), row.end()));
  } else {
    for (uint64_t i = row.base(); i < row.end(); ++i) targets.push_back(run.TargetAt(i));
  }
  return &(grab_targets_[id] = std::move(targets));
}

bool Dispatcher::SendJob(Session& session, RunState& run, LiveJob& job) {
  const JobRow& row = job.row;
  const Result<const std::vector<Address>*> found = TargetsOf(run, job);
  if (!found.ok()) {
    LogError("coordinator", found.status().message());
    ReleaseLease(run, job, Blame::kNone);
    return false;
  }
  const std::vector<Address>& targets = **found;
  proto::Job& out = *Say(session.route, session.id).mutable_job();
  out.set_run(run.run().id());
  out.set_job(row.id());
  *out.mutable_token() = row.token();
  out.set_kind(RunState::IsKnocking(row) ? proto::Job::SWEEP : proto::Job::GRAB);
  out.set_target_set(run.run().target_set());
  out.set_target_set_size(run.run().planned());
  out.set_seed(run.permutation_key());
  out.set_cursor(row.cursor());
  out.set_end(row.end());
  for (uint64_t i = row.cursor(); i < row.end() && !targets.empty(); ++i) {
    out.add_targets(std::string(targets[i - row.base()].bytes()));
  }
  *out.mutable_ports() = row.kind() == JobRow::GRAB_REVISITS ? row.ports() : run.run().ports();
  out.set_gate_port(run.run().gate_port());
  out.set_lease_ms(static_cast<uint32_t>(ToMillis(options_.lease)));
  *out.mutable_policy() = run.run().policy();
  *out.mutable_exclusions() = run.run().exclusions();
  return true;
}

bool Dispatcher::MayProbe(const RunState& run, int64_t unix_ms) const {
  const proto::RunSettings& settings = run.run().settings();
  const bool open = settings.windows().empty() || OpenFor(settings, unix_ms);
  return !paused_ && pressure_.empty() && !settings.paused() && open;
}

void Dispatcher::OnTargetSetGet(Session& session, const proto::TargetSetGet& get) {
  const auto set = encoded_targets_.find(get.hash());
  proto::TargetSetChunk& chunk = *Say(session.route, session.id).mutable_target_set_chunk();
  chunk.set_hash(get.hash());
  chunk.set_offset(get.offset());
  if (set == encoded_targets_.end()) return;  // total 0: not known here
  chunk.set_total(set->second.size());
  if (get.offset() < set->second.size()) {
    chunk.set_data(set->second.substr(get.offset(), kTargetChunkBytes));
  }
}

// Nothing is left to give while somebody still has a long job: ask the one with the most for half.
void Dispatcher::AskForTail(const std::string& idle_key) {
  LiveJob* longest = nullptr;
  uint32_t run_of_longest = 0;
  uint64_t most = 0;
  for (auto& [id, run] : runs_) {
    for (LiveJob* job : run.AllLeased()) {
      const uint64_t left = job->row.end() - job->row.cursor();
      const uint64_t worth =
          job->row.kind() == JobRow::SWEEP ? options_.min_sweep_tail : options_.min_grab_tail;
      const bool asked = trimming_.contains({id, job->row.id()});
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

void Dispatcher::OnRelease(Session& session, const proto::Release& release) {
  LiveJob* job = HeldBy(session.key, release.run(), release.job(), release.token());
  if (job == nullptr || job->row.state() != JobRow::LEASED) return;
  LogInfo("coordinator", StrCat("worker ", session.name, " gives job ", release.job(), " back (",
                                static_cast<int>(release.reason()),
                                "): ", EscapeForDisplay(release.detail().substr(0, 200))));
  // A worker that can say so is not dead of a target, whatever ails it.
  ReleaseLease(*MutableRun(release.run()), *job, Blame::kNone);
}

void Dispatcher::FinishRuns(int64_t unix_ms) {
  for (auto& [id, run] : runs_) {
    if (run.run().state() == proto::RunRow::DONE || !run.AllDone()) continue;
    const uint32_t run_id = id;
    const bool writing = std::any_of(in_flight_.begin(), in_flight_.end(),
                                     [&](const auto& item) { return item.second.run == run_id; });
    if (writing) continue;
    run.MarkDone(unix_ms);
    CommitItem item;
    item.run = id;
    item.run_row = run.run();
    item.must_sync = true;
    item.ticket = next_ticket_++;
    finish_tickets_[item.ticket] = id;
    queue_.Submit(std::move(item));
  }
}

}  // namespace hark

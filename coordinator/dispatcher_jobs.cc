#include <algorithm>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"
#include "coordinator/dispatcher.h"

// Jobs: what is leased to whom, and when a run is over. Batches are in dispatcher_batches.cc.

namespace hark {
namespace {

using proto::JobRow;

constexpr uint32_t kNoJobRetryMillis = 150;
// Of many workers: all of them together ask no more than five hundred times a second.
constexpr uint32_t kRetryMillisPerWorker = 2;
// While a run only waits for throttled hosts: workers come and go meanwhile, so not for all of it.
constexpr int64_t kMaxNoJobRetryMillis = 5000;
// Something is due, but for another worker.
constexpr int64_t kNotYoursRetryMillis = 1000;
constexpr size_t kTargetChunkBytes = 64 << 10;
constexpr size_t kRangeBytes = 8;
constexpr uint32_t kMaxSlots = 8;  // jobs a worker may ask for at once

// A run a job may be taken from, for one that asks.
struct Candidate {
  RunState* run;
  RunState::Asking asking;
  bool hungry;
  double weight;
  bool dry = false;  // has nothing for it now

  void Count(const LiveJob& job) {
    ++(RunState::IsKnocking(job.row) ? asking.sweeps : asking.grabs);
  }
  double Had() const { return static_cast<double>(asking.sweeps + asking.grabs + 1) / weight; }
};

Candidate* NextOf(std::vector<Candidate>& candidates) {
  Candidate* next = nullptr;
  for (Candidate& one : candidates) {
    if (one.dry) continue;
    const bool before = next == nullptr || (one.hungry && !next->hungry) ||
                        (one.hungry == next->hungry && one.Had() < next->Had());
    if (before) next = &one;
  }
  return next;
}

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
  if (std::string trouble = run.TakeTrouble(); !trouble.empty()) Note(id.first, std::move(trouble));
}

void Dispatcher::ReleaseLeasesOf(const std::function<bool(const std::string& key)>& dead) {
  for (auto& [id, run] : runs_) {
    for (LiveJob* job : run.AllLeased()) {
      const std::string holder = job->row.worker();
      if (!dead(holder)) continue;
      shares_.Forget(holder);
      ReleaseLease(run, *job, Blame::kNone);
    }
    CommitDirty(run);
  }
}

const std::vector<std::string>& Dispatcher::Connected() {
  if (!connected_fresh_) {
    connected_.clear();
    for (const auto& [key, route] : route_of_key_) connected_.push_back(key);
    connected_fresh_ = true;
  }
  return connected_;
}

void Dispatcher::OnRequest(Session& session, const proto::Request& request, MonoTime now) {
  const uint32_t wanted = std::min(request.slots(), kMaxSlots);
  const bool pressed = !pressure_.empty() && !Broken(Rule::kPressureGivesNothing);
  const bool none = paused_ || pressed || draining_.contains(session.key);
  const Given given = none ? Given{} : GiveJobs(session, request, wanted, now);
  const auto sweeps = static_cast<uint32_t>(request.sweeps_of_size());
  if (given.jobs == wanted && given.sweeps == sweeps) return;
  Say(session.route, session.id).mutable_no_job()->set_retry_after_ms(RetryMillis(now));
  // Who has visits enough and misses sweeps alone is busy.
  if (!none && given.jobs < wanted) AskForTail(session.key, now);
}

// Jobs of each run the worker may work on, as many of a run as its weight says; a run the worker
// has shares of and too little work for goes first.
Dispatcher::Given Dispatcher::GiveJobs(Session& session, const proto::Request& request,
                                       uint32_t wanted, MonoTime now) {
  const auto& hungry = request.hungry_runs();
  std::vector<Candidate> candidates;
  size_t held = 0;
  for (auto& [id, run] : runs_) {
    if (infos_.at(id).mode == RunMode::kDone) continue;
    Candidate candidate{
        &run,
        {session.key, 0, 0, Connected(), std::max(options_.expected_workers, sessions_.size()), now,
         session.provider, true, false},
        std::find(hungry.begin(), hungry.end(), id) != hungry.end(),
        std::max<double>(1, run.run().settings().weight())};
    for (const LiveJob* job : run.LeasedTo(session.key)) {
      if (job->row.suspect()) return {};  // whatever happens now is this job's doing alone
      candidate.Count(*job);
      ++held;
    }
    const bool open = IsOpen(id) || Broken(Rule::kStandingStillLeasesNothing);
    const bool may = MayServe(session, run) || Broken(Rule::kLimitsKept);
    if (open && may) candidates.push_back(candidate);
  }
  Given given;
  for (const uint32_t run : request.sweeps_of()) {
    const auto of = std::find_if(candidates.begin(), candidates.end(), [run](const Candidate& one) {
      return one.run->run().id() == run;
    });
    if (of == candidates.end() || given.sweeps >= kMaxSlots) continue;
    LiveJob* const job = GiveJobOf(session, *of->run, of->asking, held, now);
    if (job == nullptr) continue;
    of->Count(*job);
    ++given.sweeps;
    ++held;
    if (job->row.suspect()) return given;
  }
  for (Candidate& one : candidates) {
    one.asking.may_visit = true;
    one.asking.may_sweep = !request.sweeps_apart();
  }
  for (; given.jobs < wanted; ++given.jobs, ++held) {
    LiveJob* job = nullptr;
    while (job == nullptr) {
      Candidate* next = NextOf(candidates);
      if (next == nullptr) return given;
      job = GiveJobOf(session, *next->run, next->asking, held, now);
      next->dry = job == nullptr;
      if (job != nullptr) next->Count(*job);
    }
    if (!job->row.suspect()) continue;
    ++given.jobs;
    return given;
  }
  return given;
}

LiveJob* Dispatcher::GiveJobOf(Session& session, RunState& run, const RunState::Asking& asking,
                               size_t held, MonoTime now) {
  // One that knows only one rate works for one run, and changes it only with empty hands.
  const bool other_run = !session.knows_orders() && session.only_run != run.run().id();
  if (other_run && held > 0) return nullptr;
  proto::Token token;
  token.set_epoch(Broken(Rule::kEpochInToken) ? 1 : options_.epoch);
  token.set_counter(next_token_++);
  LiveJob* job = run.Lease(asking, token, now + options_.lease);
  if (job == nullptr || !SendJob(session, run, *job)) return nullptr;
  if (other_run) {
    session.only_run = run.run().id();
    shares_.SetTerms(session.key, TermsOf(session));
  }
  return job;
}

uint32_t Dispatcher::RetryMillis(MonoTime now) const {
  const auto soon = std::max<uint32_t>(
      kNoJobRetryMillis,
      static_cast<uint32_t>(std::min<size_t>(sessions_.size(), 1000)) * kRetryMillisPerWorker);
  MonoTime until = kNever;
  bool any_open = false;
  for (const auto& [id, run] : runs_) {
    if (!IsOpen(id)) continue;
    any_open = true;
    const std::optional<MonoTime> waits = run.WaitsForRevisitsUntil();
    if (!waits) return soon;
    until = std::min(until, *waits);
  }
  if (until == kNever) return any_open ? soon : static_cast<uint32_t>(kNotYoursRetryMillis);
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
  const bool no_ipv6 = session.capabilities.ipv6() == proto::Capabilities::FAILS;
  if (no_ipv6 && std::any_of(targets.begin(), targets.end(),
                             [](const Address& address) { return !address.is_v4(); })) {
    job.barred.insert(session.key);
    ReleaseLease(run, job, Blame::kNone);
    return false;
  }
  job.exclusions_version = exclusions_version_;
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
  if (session.knows_orders()) {
    out.set_exclusions_version(exclusions_version_);
    // Only for those who need it: it is long.
    if (run.run().settings().per_as() > 0) {
      out.set_as_table(infos_.at(run.run().id()).as_table_hash);
    }
  } else {
    for (size_t i = 0; i < encoded_opt_outs_.size(); i += kRangeBytes) {
      out.add_exclusions(encoded_opt_outs_.substr(i, kRangeBytes));
    }
  }
  return true;
}

void Dispatcher::OnTargetSetGet(Session& session, const proto::TargetSetGet& get) {
  const auto set = content_.find(get.hash());
  proto::TargetSetChunk& chunk = *Say(session.route, session.id).mutable_target_set_chunk();
  chunk.set_hash(get.hash());
  chunk.set_offset(get.offset());
  if (set == content_.end()) return;  // total 0: not known here
  chunk.set_total(set->second.size());
  if (get.offset() < set->second.size()) {
    chunk.set_data(set->second.substr(get.offset(), kTargetChunkBytes));
  }
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

// A run that was cancelled has no leases any more; what came before that is still written.
void Dispatcher::FinishRuns(MonoTime now, int64_t unix_ms) {
  for (auto& [id, run] : runs_) {
    if (run.run().state() == proto::RunRow::DONE) continue;
    if (!run.AllDone() && !run.run().settings().cancelled()) continue;
    const auto writing = in_flight_of_run_.find(id);
    if (writing != in_flight_of_run_.end() && writing->second > 0) continue;
    run.MarkDone(unix_ms);
    const uint64_t ticket = next_ticket_++;
    finish_tickets_[ticket] = id;
    CommitRun(run, ticket);
    Review(run, unix_ms);
    OrdersChanged(now);
  }
}

}  // namespace hark

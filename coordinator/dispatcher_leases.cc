#include <algorithm>

#include "base/mutation.h"
#include "coordinator/dispatcher.h"

// Leases: which jobs a worker that asks gets, and when it hears of them.
//
//   REQUEST --a job is to be had--> leased, its row on its way to the disk
//     --written--> JOB, from when the lease counts
//     --the session ends, or the worker may not have it any more--> taken back; it never knew

namespace hark {
namespace {

constexpr uint32_t kNoJobRetryMillis = 150;
// Of many workers: all of them together ask no more than five hundred times a second.
constexpr uint32_t kRetryMillisPerWorker = 2;
// While a run only waits for throttled hosts: workers come and go meanwhile, so not for all of it.
constexpr int64_t kMaxNoJobRetryMillis = 5000;
// Something is due, but for another worker.
constexpr int64_t kNotYoursRetryMillis = 1000;
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

// No job at all for it now, of whatever run.
bool Dispatcher::GetsNothing(const Session& session) const {
  const bool pressed = !pressure_.empty() && !Broken(Rule::kPressureGivesNothing);
  return paused_ || pressed || draining_.contains(session.key);
}

bool Dispatcher::MayHaveJobOf(const Session& session, const RunState& run) const {
  const bool open = IsOpen(run.run().id()) || Broken(Rule::kStandingStillLeasesNothing);
  return open && (MayServe(session, run) || Broken(Rule::kLimitsKept));
}

// What is on its way to it counts as given: it asks again when answers are late.
void Dispatcher::OnRequest(Session& session, const proto::Request& request, MonoTime now) {
  const uint32_t wanted = std::min(request.slots(), kMaxSlots);
  const auto sweeps = static_cast<uint32_t>(request.sweeps_of_size());
  const auto on_way = static_cast<uint32_t>(unsent_.CountOf(session.key));
  const uint32_t coming = std::min(on_way, wanted);
  const uint32_t sweeps_coming = std::min(on_way - coming, sweeps);
  const bool none = GetsNothing(session);
  const Wanted left{wanted - coming, sweeps - sweeps_coming};
  const Wanted given = none ? Wanted{} : GiveJobs(session, request, left, now);
  if (given == left) return;
  unsent_.OweNoJob(session.key);
  SayOwedNoJobs(now);
  // Who has visits enough and misses sweeps alone is busy.
  if (!none && given.jobs < left.jobs) AskForTail(session.key, now);
}

void Dispatcher::SayOwedNoJobs(MonoTime now) {
  for (const std::string& key : unsent_.TakeOwed()) {
    const Session* session = SessionOf(key);
    if (session == nullptr) continue;
    Say(session->route, session->id).mutable_no_job()->set_retry_after_ms(RetryMillis(now));
  }
}

// Jobs of each run the worker may work on, as many of a run as its weight says; a run the worker
// has shares of and too little work for goes first.
Dispatcher::Wanted Dispatcher::GiveJobs(Session& session, const proto::Request& request,
                                        const Wanted& wanted, MonoTime now) {
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
    if (MayHaveJobOf(session, run)) candidates.push_back(candidate);
  }
  Wanted given;
  for (const uint32_t run : request.sweeps_of()) {
    if (given.sweeps >= std::min(wanted.sweeps, kMaxSlots)) break;
    const auto of = std::find_if(candidates.begin(), candidates.end(), [run](const Candidate& one) {
      return one.run->run().id() == run;
    });
    if (of == candidates.end()) continue;
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
  for (; given.jobs < wanted.jobs; ++held) {
    LiveJob* job = nullptr;
    while (job == nullptr) {
      Candidate* next = NextOf(candidates);
      if (next == nullptr) return given;
      job = GiveJobOf(session, *next->run, next->asking, held, now);
      next->dry = job == nullptr;
      if (job != nullptr) next->Count(*job);
    }
    ++given.jobs;
    if (job->row.suspect()) return given;
  }
  return given;
}

LiveJob* Dispatcher::GiveJobOf(Session& session, RunState& run, const RunState::Asking& asking,
                               size_t held, MonoTime now) {
  // One that knows only one rate works for one run, and changes it only with empty hands; and what
  // it obeys must be of that run by then, whose ceiling may be lower.
  const bool other_run = !session.knows_orders() && session.only_run != run.run().id();
  const bool late = !session.knows_orders() && ObeysAnother(session.key, run.run().id());
  if (other_run ? held > 0 : late) return nullptr;
  proto::Token token;
  token.set_epoch(Broken(Rule::kEpochInToken) ? 1 : options_.epoch);
  token.set_counter(next_token_++);
  LiveJob* job = run.Lease(asking, token, kNever);  // until it is sent
  if (job == nullptr || !FitsWorker(session, run, *job)) return nullptr;
  if (other_run) {
    session.only_run = run.run().id();
    shares_.SetTerms(session.key, TermsOf(session));
  }
  if (late) {
    ReleaseLease(run, *job, Blame::kNone);
    return nullptr;
  }
  if (Broken(Rule::kLeaseBeforeJob)) {
    SendJob(session, run, *job, now);
  } else {
    unsent_.Add({run.run().id(), job->row.id()}, session.key);
  }
  return job;
}

// Things may have changed since these were leased: what it could not be given now it is not sent.
void Dispatcher::SendWrittenJobs(uint64_t ticket, MonoTime now) {
  for (const UnsentJobs::JobId& id : unsent_.TakeWritten(ticket)) {
    RunState& run = *MutableRun(id.first);
    LiveJob& job = *run.Find(id.second);
    Session* session = SessionOf(job.row.worker());
    const bool may = session != nullptr && !GetsNothing(*session) && MayHaveJobOf(*session, run);
    if (may && SendJob(*session, run, job, now)) continue;
    if (session != nullptr) unsent_.OweNoJob(session->key);
    ReleaseLease(run, job, Blame::kNone);
  }
}

// It has not heard of them, and will not.
void Dispatcher::TakeBackUnsent(const std::string& key) {
  for (const UnsentJobs::JobId& id : unsent_.Of(key)) {
    RunState& run = *MutableRun(id.first);
    ReleaseLease(run, *run.Find(id.second), Blame::kNone);
  }
  unsent_.OweNothing(key);
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

}  // namespace hark

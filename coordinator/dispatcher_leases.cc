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

}  // namespace

// One answer to a REQUEST: the runs the worker may work on, and what it has of them by then.
class Dispatcher::Giving {
 public:
  Giving(Dispatcher& dispatcher, Session& session, MonoTime now)
      : dispatcher_(dispatcher), session_(session), now_(now) {}

  Wanted Give(const proto::Request& request, const Wanted& wanted);

 private:
  struct Candidate;

  std::vector<Candidate> CandidatesFor(const proto::Request& request) const;
  void GiveSweeps(const proto::Request& request, uint32_t wanted);
  void GiveOthers(uint32_t wanted);
  Candidate* Next();
  bool GiveOneOf(Candidate& of);

  Dispatcher& dispatcher_;
  Session& session_;
  const MonoTime now_;
  std::vector<Candidate> candidates_;
  size_t held_ = 0;
  Wanted given_;
  bool ended_ = false;
};

// A run a job may be taken from, for the one that asks.
struct Dispatcher::Giving::Candidate {
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
  const Wanted given = none ? Wanted{} : Giving(*this, session, now).Give(request, left);
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

// Nobody who holds a job that is suspected gets another: whatever happens now is that job's doing
// alone.
Dispatcher::Wanted Dispatcher::Giving::Give(const proto::Request& request, const Wanted& wanted) {
  for (auto& [id, run] : dispatcher_.runs_) {
    for (const LiveJob* job : run.LeasedTo(session_.key)) {
      if (job->row.suspect()) return {};
      ++held_;
    }
  }
  candidates_ = CandidatesFor(request);
  GiveSweeps(request, wanted.sweeps);
  for (Candidate& one : candidates_) {
    one.asking.may_visit = true;
    one.asking.may_sweep = !request.sweeps_apart();
  }
  GiveOthers(wanted.jobs);
  return given_;
}

std::vector<Dispatcher::Giving::Candidate> Dispatcher::Giving::CandidatesFor(
    const proto::Request& request) const {
  const auto& hungry = request.hungry_runs();
  std::vector<Candidate> candidates;
  for (auto& [id, run] : dispatcher_.runs_) {
    const bool done = dispatcher_.infos_.at(id).mode == RunMode::kDone;
    if (done || !dispatcher_.MayHaveJobOf(session_, run)) continue;
    const RunState::Asking asking{
        .worker = session_.key,
        .connected = dispatcher_.Connected(),
        .sharers = std::max(dispatcher_.options_.expected_workers, dispatcher_.sessions_.size()),
        .now = now_,
        .provider = session_.provider,
        .may_sweep = true,
        .may_visit = false,
    };
    Candidate& candidate = candidates.emplace_back(
        Candidate{&run, asking, std::find(hungry.begin(), hungry.end(), id) != hungry.end(),
                  std::max<double>(1, run.run().settings().weight())});
    for (const LiveJob* job : run.LeasedTo(session_.key)) candidate.Count(*job);
  }
  return candidates;
}

// Of the runs that were asked for by name.
void Dispatcher::Giving::GiveSweeps(const proto::Request& request, uint32_t wanted) {
  for (const uint32_t run : request.sweeps_of()) {
    if (ended_ || given_.sweeps >= std::min(wanted, kMaxSlots)) return;
    const auto of =
        std::find_if(candidates_.begin(), candidates_.end(),
                     [run](const Candidate& one) { return one.run->run().id() == run; });
    if (of != candidates_.end() && GiveOneOf(*of)) ++given_.sweeps;
  }
}

void Dispatcher::Giving::GiveOthers(uint32_t wanted) {
  while (!ended_ && given_.jobs < wanted) {
    Candidate* const next = Next();
    if (next == nullptr) return;
    next->dry = !GiveOneOf(*next);
    if (!next->dry) ++given_.jobs;
  }
}

// As many jobs of a run as its weight says; a run the worker has shares of and too little work for
// goes first.
Dispatcher::Giving::Candidate* Dispatcher::Giving::Next() {
  Candidate* next = nullptr;
  for (Candidate& one : candidates_) {
    if (one.dry) continue;
    const bool before = next == nullptr || (one.hungry && !next->hungry) ||
                        (one.hungry == next->hungry && one.Had() < next->Had());
    if (before) next = &one;
  }
  return next;
}

bool Dispatcher::Giving::GiveOneOf(Candidate& of) {
  LiveJob* const job = dispatcher_.GiveJobOf(session_, *of.run, of.asking, held_, now_);
  if (job == nullptr) return false;
  of.Count(*job);
  ++held_;
  ended_ = job->row.suspect();
  return true;
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

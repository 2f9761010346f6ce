#include "worker/syn_desk.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace hark {
namespace {

// Tokens are collected for so long, or each would cost a system call; well below the 10 ms a bucket
// holds, so that a late wake-up loses none.
constexpr double kWakeSeconds = 0.002;
// When something could be sent and nothing was: tokens are left for visits, or the way out is full.
constexpr Duration kNap = std::chrono::milliseconds(1);
// A job that holds something back is asked again so much later.
constexpr Duration kPause = std::chrono::milliseconds(2);
// Of what leaves one in so many may be a recheck: slower than what it checks.
constexpr double kRecheckShare = 10;
constexpr double kLeastRate = 0.1;  // to reckon with; below it nothing leaves at all
// Looks at what came before the next burst: a flood of replies does not stop the sending.
constexpr int kLooks = 16;
// A flood that lasts so long does not keep stretches open either.
constexpr Duration kFloodPatience = std::chrono::seconds(2);

Duration WorthOf(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

SynDesk::SynDesk(SynChannel& channel, std::shared_ptr<EngineBudget> budget)
    : channel_(channel), budget_(std::move(budget)) {}

// A mutex alone is not fair: at full speed Turn would have it again before anybody woke up.
SynDesk::Visitor::Visitor(const SynDesk& desk) : desk_(desk) {
  ++desk_.visitors_;
  desk_.mutex_.lock();
}

SynDesk::Visitor::~Visitor() {
  --desk_.visitors_;
  desk_.mutex_.unlock();
}

void SynDesk::Barrier() {
  const Visitor visitor(*this);
}

void SynDesk::Add(SynSweep* job) {
  {
    const Visitor visitor(*this);
    jobs_.push_back(job);
    FindRuns();
  }
  Wake();
}

void SynDesk::Remove(SynSweep* job) {
  const Visitor visitor(*this);
  std::erase(jobs_, job);
  FindRuns();
}

void SynDesk::FindRuns() {
  job_count_ = jobs_.size();
  const std::vector<Run> before = std::exchange(runs_, {});
  const auto find = [](const std::vector<Run>& runs, const RunPacer* pacer) {
    return std::find_if(runs.begin(), runs.end(),
                        [pacer](const Run& run) { return run.pacer == pacer; });
  };
  for (const SynSweep* job : jobs_) {
    if (find(runs_, job->pacer()) != runs_.end()) continue;
    const auto known = find(before, job->pacer());
    runs_.push_back(known == before.end() ? Run{job->pacer()} : *known);
  }
}

SynStats SynDesk::stats() const {
  const Visitor visitor(*this);
  return stats_;
}

Status SynDesk::failure() const {
  const Visitor visitor(*this);
  return failure_;
}

void SynDesk::Count(KnockResult result) {
  switch (result) {
    case KnockResult::kAnswered:
      ++stats_.answered;
      return;
    case KnockResult::kRefused:
      ++stats_.refused;
      return;
    case KnockResult::kSilent:
      ++stats_.silent;
      return;
    case KnockResult::kUnreachable:
      ++stats_.unreachable;
      return;
    case KnockResult::kExcluded:
      ++stats_.excluded;
      return;
    case KnockResult::kLocalError:
    case KnockResult::kNotSent:
      return;
  }
}

MonoTime SynDesk::Turn(MonoTime now) {
  while (visitors_ > 0) std::this_thread::yield();
  const std::lock_guard lock(mutex_);
  NoteHeard(Hear(), now);
  full_ = false;
  for (SynSweep* job : jobs_) job->Progress(now, heard_);
  MonoTime next = kNever;
  for (size_t i = 0; i < runs_.size(); ++i) {
    next = std::min(next, SendOf(runs_[(turn_ + i) % runs_.size()], now));
  }
  ++turn_;
  return next;
}

void SynDesk::NoteHeard(bool all, MonoTime now) {
  if (all) {
    flooded_ = false;
  } else if (!flooded_) {
    flooded_ = true;
    flood_since_ = now;
  }
  if (all || now - flood_since_ > kFloodPatience) heard_ = now;
}

bool SynDesk::Hear() {
  bool more = true;
  for (int look = 0; more && look < kLooks; ++look) {
    replies_.clear();
    more = channel_.Receive(&replies_);
    for (const SynReply& reply : replies_) Give(reply);
  }
  return !more;
}

void SynDesk::Give(const SynReply& reply) {
  const SynSweep* reckoned = nullptr;
  std::optional<uint64_t> index;
  bool known = false;
  for (SynSweep* job : jobs_) {
    if (job->port() != reply.port) continue;
    // Finding the index costs ten times the look at a job.
    if (reckoned == nullptr || !reckoned->HasOrderOf(*job)) index = job->IndexOf(reply.address);
    reckoned = job;
    if (index && job->OnReply(*index, reply)) known = true;
  }
  if (!known) ++stats_.late;
}

double SynDesk::RateOf(const RunPacer* pacer) const {
  return pacer == nullptr ? budget_->rate() : std::min(budget_->rate(), pacer->rate());
}

// What kWakeSeconds are worth.
double SynDesk::PaceOf(const RunPacer* pacer) const {
  return std::max(1.0, RateOf(pacer) * kWakeSeconds);
}

MonoTime SynDesk::WhenTokens(const RunPacer* pacer, MonoTime now) const {
  const MonoTime when = budget_->WhenTokens(PaceOf(pacer), now);
  return pacer == nullptr ? when : std::max(when, pacer->WhenRun(kWakeSeconds, now));
}

// Of one run the next job has its turn when the one before had no more to give.
MonoTime SynDesk::SendOf(Run& run, MonoTime now) {
  RunPacer* const pacer = run.pacer;
  MonoTime next = kNever;
  for (SynSweep* job : jobs_) {
    if (job->pacer() != pacer) continue;
    if (const size_t ready = job->Ready(now); ready > 0) {
      switch (full_ ? Burst::kWayIsFull : Send(run, *job, ready, now)) {
        case Burst::kGaveAll:
          next = std::min(next, WhenMore(run, *job, now));
          break;
        case Burst::kNoTokens:
          return std::min(next, std::max(WhenTokens(pacer, now), now + kNap));
        case Burst::kMore:
          return std::min(next, WhenTokens(pacer, now));
        case Burst::kWayIsFull:
          return std::min(next, now + kNap);
      }
    }
    next = std::min(next, job->WhenDue());
  }
  return next;
}

// Of a job that gave less than it was asked for.
MonoTime SynDesk::WhenMore(const Run& run, const SynSweep& job, MonoTime now) const {
  const size_t ready = job.Ready(now);
  if (ready == 0) return kNever;
  const bool rechecks_only = ready == job.RechecksReady();
  return rechecks_only ? std::max(run.next_recheck, now + kPause) : now + kPause;
}

SynDesk::Burst SynDesk::Send(Run& run, SynSweep& job, size_t ready, MonoTime now) {
  RunPacer* const pacer = run.pacer;
  if (WhenTokens(pacer, now) > now) return Burst::kNoTokens;
  const size_t wanted = std::min(ready, kBurst);
  const size_t leave = pacer != nullptr && budget_->HasSlot() ? pacer->line.visits.load() : 0;
  const auto allowed =
      pacer == nullptr ? RunPacer::Allowance{wanted, false} : pacer->TakeRun(wanted, leave, now);
  const size_t paid = budget_->TakeTokens(allowed.attempts, leave, now);
  shots_.clear();
  burst_.clear();
  if (paid > 0) {
    const auto pace = static_cast<size_t>(PaceOf(pacer) / kRecheckShare);
    const size_t most = now < run.next_recheck ? 0 : std::max<size_t>(1, pace);
    const size_t rechecks = job.Fill({paid, most, allowed.ask_places}, now, &shots_);
    const double each = kRecheckShare / std::max(kLeastRate, RateOf(pacer));
    if (rechecks > 0) run.next_recheck = now + WorthOf(each * static_cast<double>(rechecks));
  }
  for (const SynShot& shot : shots_) burst_.push_back({shot.address, job.port()});
  const size_t sent = burst_.empty() ? 0 : channel_.Send(burst_);
  job.Sent(shots_, sent, now);
  if (pacer != nullptr) pacer->ReturnRun(allowed.attempts - sent);
  if (paid > sent) budget_->ReturnTokens(paid - sent);
  stats_.sent += sent;
  if (sent < burst_.size()) {
    full_ = true;
    if (failure_.ok()) failure_ = channel_.failure();
    return Burst::kWayIsFull;
  }
  if (paid == 0) return Burst::kNoTokens;
  if (sent < paid) return Burst::kGaveAll;
  return paid < wanted ? Burst::kNoTokens : Burst::kMore;
}

}  // namespace hark

#include <algorithm>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"
#include "coordinator/dispatcher.h"

// What time does to leases: those nobody renews end, and so do those that are renewed for ever
// while nothing comes of them. And what the clocks have said.

namespace hark {
namespace {

// Of a run's progress, for the time it will still take.
constexpr Duration kSampleEvery = std::chrono::seconds(15);
constexpr size_t kSamples = 20;  // five minutes
// Targets at a worker's share that a batch may wait for, and conversations one host may need.
constexpr double kTargetsOfABatch = 100;
constexpr int64_t kVisitsOfAPort = 8;
constexpr double kLeastPps = 1e-3;

}  // namespace

void Dispatcher::Note(uint32_t run, std::string what) {
  last_error_ = {what, clock_.unix_ms()};
  if (const auto it = infos_.find(run); it != infos_.end()) it->second.last_error = last_error_;
}

void Dispatcher::ExpireLeases(MonoTime now) {
  for (auto& [id, run] : runs_) {
    for (LiveJob* job : run.AllLeased()) {
      const bool over = job->deadline <= now && !Broken(Rule::kExpiry);
      if (over) ReleaseLease(run, *job, run.BlameFor(*job));
    }
  }
}

// Whether nothing need come of the lease now, and nobody is to blame: no rate, no credit, no room,
// results or the lease itself on their way to the disk, or no worker, whose lease ends by itself.
bool Dispatcher::MayStandStill(const RunState& run, const LiveJob& job) const {
  const uint32_t id = run.run().id();
  if (paused_ || !pressure_.empty() || !IsOpen(id)) return true;
  if (unsent_.Has({id, job.row.id()})) return true;
  const std::string& key = job.row.worker();
  if (SessionOf(key) == nullptr || draining_.contains(key)) return true;
  const auto record = records_.find(key);
  if (record != records_.end() && record->second.unacked > 0) return true;
  return !shares_.Granted(key).contains(id);
}

// Slow shares and slow hosts need longer for a batch.
Duration Dispatcher::ProgressTime(const RunState& run, const LiveJob& job) const {
  const RateShares::Shares& shares = shares_.Granted(job.row.worker());
  const auto share = shares.find(run.run().id());
  const double pps = share == shares.end() ? kLeastPps : std::max(share->second.pps, kLeastPps);
  const proto::ProbePolicy& policy = run.run().policy();
  const int64_t visit = int64_t{policy.conversation_timeout_ms()} + policy.host_pause_max_ms();
  const int64_t host = visit * kVisitsOfAPort * std::max(1, run.run().ports_size());
  return options_.progress_time + std::chrono::milliseconds(host) +
         std::chrono::milliseconds(static_cast<int64_t>(kTargetsOfABatch * 1000 / pps));
}

// A worker that renews a lease for ever and sends nothing would keep the run from ending.
void Dispatcher::ReleaseWhatStandsStill(MonoTime now, Duration since_last) {
  for (auto& [id, run] : runs_) {
    if (infos_.at(id).mode == RunMode::kDone) continue;
    for (LiveJob* job : run.AllLeased()) {
      if (MayStandStill(run, *job)) {
        job->progress_at = std::min(now, job->progress_at + since_last);
        continue;
      }
      if (now - job->progress_at < ProgressTime(run, *job)) continue;
      const std::string key = job->row.worker();
      const std::string what =
          StrCat("gets nowhere with job ", job->row.id(), " of run ", run.run().name());
      Strike(key, NameOf(key), what);
      Note(id, RecordOf(key).last_strike);
      ReleaseLease(run, *job, Blame::kStood);
    }
  }
}

void Dispatcher::TakeSamples(MonoTime now) {
  if (now < next_sample_) return;
  next_sample_ = now + kSampleEvery;
  for (auto& [id, info] : infos_) {
    if (info.mode == RunMode::kDone) continue;
    const RunState::Totals totals = runs_.at(id).Sum();
    info.samples.push_back({now, totals.covered, totals.visited});
    if (info.samples.size() > kSamples) info.samples.pop_front();
  }
}

}  // namespace hark

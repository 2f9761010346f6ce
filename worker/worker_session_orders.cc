// What WorkerSession does about orders and shares: apply, then acknowledge.

#include <algorithm>
#include <cmath>
#include <set>

#include "base/log.h"
#include "base/mutation.h"
#include "worker/worker_session.h"

namespace hark {
namespace {

constexpr const char* kWhere = "worker/session";
// Leases of paused runs beside those at work, as a multiple of max_leases: a run may be paused for
// weeks, and each lease is a job in memory.
constexpr size_t kLeasesPerActive = 4;

double Sane(double rate) {
  return std::isfinite(rate) ? std::max(0.0, rate) : 0;
}

// A ceiling that is no number must not become "none".
RunShare ShareOf(const proto::RunRate& rate) {
  if (!std::isfinite(rate.per_prefix()) || !std::isfinite(rate.per_as())) return {};
  return {Sane(rate.probes_per_second()), Sane(rate.per_prefix()), Sane(rate.per_as())};
}

}  // namespace

void WorkerSession::OnOrders(const proto::Orders& orders, MonoTime now) {
  if (orders.version() < orders_.version()) return;  // overtaken
  const Status applied = orders_.Apply(orders);
  orders_unreadable_ = !applied.ok();
  if (orders_unreadable_) {
    LogError(kWhere, "orders that cannot be read, nothing is sent: " + applied.message());
    ApplyHolds(now);
    return;
  }
  if (!Broken(Rule::kAckAfterApply)) Enforce(now);
  ApplyShares(orders.rates(), now);
  proto::OrdersAck* const ack = outbox_.emplace_back().mutable_orders_ack();
  ack->set_version(orders_.version());
  ack->set_exclusions_version(orders_.exclusions_version());
}

// What the orders forbid ends here and now, not by and by.
void WorkerSession::Enforce(MonoTime now) {
  if (!Broken(Rule::kOptOutAtContact)) host_.Exclude(orders_.exclusions());
  if (!Broken(Rule::kCancelDrops)) DropCancelled();
  ApplyHolds(now);
}

void WorkerSession::ApplyWelcomeRates(const proto::Welcome& welcome, MonoTime now) {
  knows_shares_ = welcome.has_orders();
  orders_unreadable_ = false;
  orders_.BeginSession(/*knows_orders=*/knows_shares_);
  if (knows_shares_) {
    OnOrders(welcome.orders(), now);
  } else {
    ApplyRate(welcome.probes_per_second());
  }
}

void WorkerSession::DropCancelled() {
  std::vector<JobKey> over;
  for (const auto& [key, lease] : leases_) {
    if (orders_.Cancelled(key.run)) over.push_back(key);
  }
  for (const JobKey& key : over) {
    host_.CancelJob(key);
    Drop(key);
  }
}

void WorkerSession::ApplyRate(double probes_per_second) {
  double rate = Sane(probes_per_second);
  if (options_.max_pps > 0) rate = std::min(rate, static_cast<double>(options_.max_pps));
  shares_.clear();
  host_.SetRate(rate);
}

void WorkerSession::ApplyShares(const google::protobuf::RepeatedPtrField<proto::RunRate>& rates,
                                MonoTime now) {
  RunShares next;
  double total = 0;
  for (const proto::RunRate& rate : rates) {
    const RunShare share = ShareOf(rate);
    if (share.probes_per_second <= 0 || !next.emplace(rate.run(), share).second) continue;
    total += share.probes_per_second;
    // A run we were told to rest from may have work again.
    if (!shares_.contains(rate.run())) next_request_ = std::min(next_request_, now);
  }
  if (options_.max_pps > 0) total = std::min(total, static_cast<double>(options_.max_pps));
  shares_ = std::move(next);
  host_.SetShares(shares_, total);
}

bool WorkerSession::WaitsForContent(const Lease& lease, std::shared_ptr<const RangeSet>* targets) {
  bool waits = false;
  if (lease.job.kind() == proto::Job::SWEEP) {
    *targets = targets_.Find(lease.job.target_set());
    if (*targets == nullptr) {
      fetcher_.Want(lease.job.target_set());
      waits = true;
    }
  }
  if (!lease.job.as_table().empty()) {
    auto table = targets_.FindAsTable(lease.job.as_table());
    if (table == nullptr) {
      fetcher_.Want(lease.job.as_table());
      return true;
    }
    host_.SetAsTable(lease.key.run, std::move(table));
  }
  return waits;
}

bool WorkerSession::Needs(const std::string& hash) const {
  return std::any_of(leases_.begin(), leases_.end(), [&](const auto& entry) {
    const Lease& lease = entry.second;
    return lease.phase == Lease::Phase::kWaitingTargets &&
           (lease.job.target_set() == hash || lease.job.as_table() == hash);
  });
}

size_t WorkerSession::active_leases() const {
  return static_cast<size_t>(std::count_if(leases_.begin(), leases_.end(), [&](const auto& entry) {
    return !orders_.Paused(entry.first.run);
  }));
}

bool WorkerSession::HasLeaseRoom(size_t more) const {
  return active_leases() + more <= options_.max_leases &&
         leases_.size() + more <= kLeasesPerActive * options_.max_leases;
}

size_t WorkerSession::JobsWithWork(std::optional<uint32_t> run) const {
  const auto waiting =
      static_cast<size_t>(std::count_if(leases_.begin(), leases_.end(), [&](const auto& entry) {
        return entry.second.phase == Lease::Phase::kWaitingTargets &&
               entry.first.run == run.value_or(entry.first.run);
      }));
  const size_t all = waiting + (run ? host_.run_jobs_with_work(*run) : host_.jobs_with_work());
  if (!SweepsApart()) return all;
  size_t sweeps = 0;
  std::set<uint32_t> runs;
  for (const auto& [key, lease] : leases_) {
    if (key.run == run.value_or(key.run)) runs.insert(key.run);
  }
  for (const uint32_t one : runs) sweeps += SweepsWithWork(one);
  return all - std::min(all, sweeps);
}

bool WorkerSession::SweepsApart() const {
  return options_.sweeps_wanted > 0 && knows_shares_ &&
         (features_ & proto::FEATURE_SWEEPS_APART) != 0;
}

size_t WorkerSession::SweepsWithWork(uint32_t run) const {
  const auto waiting =
      static_cast<size_t>(std::count_if(leases_.begin(), leases_.end(), [&](const auto& entry) {
        return entry.second.phase == Lease::Phase::kWaitingTargets && entry.first.run == run &&
               entry.second.job.kind() == proto::Job::SWEEP;
      }));
  return waiting + host_.run_sweeps_with_work(run);
}

std::vector<uint32_t> WorkerSession::SweepsMissing() const {
  std::vector<uint32_t> missing;
  if (!SweepsApart()) return missing;
  for (const auto& [run, share] : shares_) {
    const size_t there = SweepsWithWork(run);
    if (orders_.Paused(run) || there >= options_.sweeps_wanted) continue;
    missing.insert(missing.end(), options_.sweeps_wanted - there, run);
  }
  return missing;
}

size_t WorkerSession::ActiveJobsWithWork() const {
  std::set<uint32_t> paused;
  for (const auto& [key, lease] : leases_) {
    if (orders_.Paused(key.run)) paused.insert(key.run);
  }
  size_t idle = 0;
  for (const uint32_t run : paused) idle += JobsWithWork(run);
  const size_t all = JobsWithWork(std::nullopt);
  return all - std::min(all, idle);
}

std::vector<uint32_t> WorkerSession::HungryRuns(size_t* slots) const {
  std::vector<uint32_t> hungry;
  for (const auto& [run, share] : shares_) {
    if (orders_.Paused(run)) continue;
    const size_t with_work = JobsWithWork(run);
    if (with_work >= options_.jobs_wanted) continue;
    hungry.push_back(run);
    *slots += options_.jobs_wanted - with_work;
  }
  return hungry;
}

void WorkerSession::PutApplied(google::protobuf::RepeatedPtrField<proto::RunRate>* applied) const {
  for (const auto& [run, share] : shares_) {
    proto::RunRate* const rate = applied->Add();
    rate->set_run(run);
    rate->set_probes_per_second(share.probes_per_second);
    rate->set_per_prefix(share.per_prefix);
    rate->set_per_as(share.per_as);
  }
}

}  // namespace hark

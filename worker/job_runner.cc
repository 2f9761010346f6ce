#include "worker/job_runner.h"

#include <algorithm>

#include "worker/engine/source.h"

namespace hark {
namespace {

constexpr Duration kDefaultConnectTimeout = std::chrono::seconds(4);
// Sockets when a job names no number.
constexpr uint32_t kDefaultConcurrency = 200;
// Hosts begun for each socket: most of a visit is pauses.
constexpr size_t kWindowPerSocket = 4;
// SYNs to one target: whoever has not heard this many does not want to.
constexpr int kMaxProbes = 10;
constexpr uint32_t kMaxCanaryPorts = 4;

uint32_t ConcurrencyOf(const proto::Job& job) {
  return job.policy().concurrency() > 0 ? job.policy().concurrency() : kDefaultConcurrency;
}

}  // namespace

JobRunner::JobRunner(RunnerOptions options, Prober& prober, SurveyMakerFactory surveys,
                     const Clock& clock)
    : options_(options), prober_(prober), surveys_(std::move(surveys)), clock_(clock) {}

JobRunner::~JobRunner() {
  while (!jobs_.empty()) DropJob(jobs_.back()->key());
}

std::shared_ptr<RunningJob> JobRunner::Find(const JobKey& key) const {
  const auto found =
      std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& job) { return job->key() == key; });
  return found == jobs_.end() ? nullptr : *found;
}

Status JobRunner::StartJob(const proto::Job& job, uint64_t cursor, uint64_t end,
                           std::shared_ptr<const RangeSet> targets) {
  HARK_RETURN_IF_ERROR(CheckJob(job, targets.get()));
  auto policy = std::make_shared<ContactPolicy>();
  policy->connect_timeout =
      job.policy().connect_timeout_ms() > 0
          ? Duration(std::chrono::milliseconds(job.policy().connect_timeout_ms()))
          : kDefaultConnectTimeout;
  HARK_ASSIGN_OR_RETURN(auto excluded, ExclusionFilter::Parse(job.exclusions()));
  policy->may_contact = [excluded, opt_outs = opt_outs_](const Address& address) {
    return !excluded.Contains(address) && !opt_outs->Get()->Contains(address);
  };
  policy->pacer = PacerOf(job.run());
  const size_t sockets = std::min<size_t>(ConcurrencyOf(job), options_.max_parallel);
  prober_.SetMaxInFlight(sockets);
  if (job.kind() == proto::Job::SWEEP) {
    jobs_.push_back(
        MakeSweepOf(job, cursor, end, std::move(targets), std::move(policy), std::move(excluded)));
  } else {
    policy->make_survey = surveys_(job.policy());
    policy->canary_ports =
        static_cast<int>(std::min<uint32_t>(job.policy().canary_ports(), kMaxCanaryPorts));
    policy->canary_key = canary_key_;
    jobs_.push_back(
        MakeGrab(job, cursor, end, sockets * kWindowPerSocket, std::move(policy), options_.limits));
  }
  if (finishing_) jobs_.back()->policy()->permission = Permission::kFinishStarted;
  return Status::Ok();
}

std::shared_ptr<RunningJob> JobRunner::MakeSweepOf(const proto::Job& job, uint64_t cursor,
                                                   uint64_t end,
                                                   std::shared_ptr<const RangeSet> targets,
                                                   PolicyPtr policy, ExclusionFilter excluded) {
  if (!GoesBySyn(*targets)) {
    return MakeSweep(job, cursor, end, std::move(targets), std::move(policy), options_.limits);
  }
  SynTerms terms;
  terms.probes = std::clamp<int>(static_cast<int>(job.policy().probes()), 1, kMaxProbes);
  terms.cooldown = policy->connect_timeout;
  const double recheck = job.policy().recheck();
  terms.recheck = recheck > 0 ? std::min(recheck, 1.0) : 0;  // NaN: none
  return std::make_shared<SynSweep>(
      job, cursor, end,
      SynSweepParts{std::move(targets), std::move(policy), std::move(excluded), opt_outs_, terms,
                    options_.limits},
      *options_.syn);
}

// A set lies on one side: a plan whose first or last addresses are ours is a laboratory.
bool JobRunner::GoesBySyn(const RangeSet& targets) const {
  if (options_.syn == nullptr) return false;
  if (options_.syn_to_ourselves) return true;
  const auto ours = [](uint32_t address) { return CheckSource({.v4 = Address::V4(address)}).ok(); };
  return !ours(targets.ranges().front().first) && !ours(targets.ranges().back().last);
}

void JobRunner::Feed() {
  for (const auto& job : jobs_) job->Feed(prober_);
}

std::vector<proto::Batch> JobRunner::TakeBatches(MonoTime now) {
  std::vector<proto::Batch> out;
  for (auto it = jobs_.begin(); it != jobs_.end();) {
    (*it)->TakeBatches(now, finishing_, &out);
    const bool done = !out.empty() && out.back().final() && JobKey::Of(out.back()) == (*it)->key();
    it = done ? jobs_.erase(it) : it + 1;
  }
  return out;
}

std::vector<JobKey> JobRunner::LeaveSyn() {
  options_.syn = nullptr;
  std::vector<JobKey> left;
  for (const auto& job : jobs_) {
    if (job->half_open()) left.push_back(job->key());
  }
  return left;
}

void JobRunner::HoldJob(const JobKey& key, bool hold) {
  const auto job = Find(key);
  if (job == nullptr) return;
  const Permission otherwise = finishing_ ? Permission::kFinishStarted : Permission::kGo;
  prober_.SetPermission(job->policy(), hold ? Permission::kStop : otherwise);
  job->PermissionChanged();
}

uint64_t JobRunner::TrimJob(const JobKey& key, uint64_t new_end) {
  const auto job = Find(key);
  return job == nullptr ? UINT64_MAX : job->Trim(new_end);
}

void JobRunner::DropJob(const JobKey& key) {
  const auto job = Find(key);
  if (job == nullptr) return;
  jobs_.erase(std::find(jobs_.begin(), jobs_.end(), job));
  prober_.SetPermission(job->policy(), Permission::kStop);
  job->PermissionChanged();
}

void JobRunner::FinishStarted() {
  finishing_ = true;
  // A copy: given-back targets must not disturb the loop.
  for (const auto& job : std::vector(jobs_)) {
    prober_.SetPermission(job->policy(), Permission::kFinishStarted);
    job->PermissionChanged();
  }
}

size_t JobRunner::open_targets() const {
  size_t open = 0;
  for (const auto& job : jobs_) open += job->open_targets();
  return open;
}

size_t JobRunner::jobs_with_work() const {
  return static_cast<size_t>(
      std::count_if(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->HasWork(); }));
}

size_t JobRunner::run_sweeps_with_work(uint32_t run) const {
  return static_cast<size_t>(std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& job) {
    return job->key().run == run && job->half_open() && job->HasWork();
  }));
}

size_t JobRunner::run_jobs_with_work(uint32_t run) const {
  return static_cast<size_t>(std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& job) {
    return job->key().run == run && job->HasWork();
  }));
}

PacerPtr JobRunner::PacerOf(uint32_t run) {
  PacerPtr& pacer = pacers_[run];
  if (pacer == nullptr) {
    pacer = std::make_shared<RunPacer>(clock_.Now());
    Pace(run, *pacer);
  }
  return pacer;
}

void JobRunner::Pace(uint32_t run, RunPacer& pacer) const {
  if (!has_shares_) {
    pacer.SetUnlimited(clock_.Now());
    return;
  }
  const auto share = shares_.find(run);
  PaceLimits limits;
  if (share != shares_.end()) {
    limits = {share->second.probes_per_second, share->second.per_prefix, share->second.per_as};
  }
  pacer.SetLimits(limits, clock_.Now());
}

// A pacer remembers whom its run has just called: it goes when it owes nothing any more and nobody
// could call for it.
void JobRunner::ForgetPacers() {
  std::erase_if(pacers_, [&](const auto& entry) {
    const uint32_t run = entry.first;
    const PacerPtr& pacer = entry.second;
    const bool works = std::any_of(jobs_.begin(), jobs_.end(),
                                   [&](const auto& job) { return job->key().run == run; });
    if (works || shares_.contains(run) || !pacer->OwesNothing(clock_.Now())) return false;
    pacer->Retire();
    return true;
  });
}

void JobRunner::SetRate(double probes_per_second) {
  has_shares_ = false;
  shares_.clear();
  ForgetPacers();
  for (const auto& [run, pacer] : pacers_) Pace(run, *pacer);
  total_ = probes_per_second;
  prober_.SetRate(total_ * brake_);
  if (options_.syn != nullptr) options_.syn->Wake();
}

void JobRunner::SetShares(const RunShares& shares, double total) {
  has_shares_ = true;
  shares_ = shares;
  ForgetPacers();
  for (const auto& [run, share] : shares_) PacerOf(run);
  for (const auto& [run, pacer] : pacers_) Pace(run, *pacer);
  // Last, since it wakes those who wait for any of it.
  total_ = total;
  prober_.SetRate(total_ * brake_);
  if (options_.syn != nullptr) options_.syn->Wake();
}

void JobRunner::SetBrake(double part) {
  if (part == brake_) return;
  brake_ = part;
  prober_.SetRate(total_ * brake_);
  if (options_.syn != nullptr) options_.syn->Wake();
}

void JobRunner::SetAsTable(uint32_t run, std::shared_ptr<const AsTable> table) {
  PacerOf(run)->SetAsTable(std::move(table));
}

void JobRunner::Exclude(std::shared_ptr<const ExclusionFilter> filter) {
  if (filter == opt_outs_->Get()) return;
  opt_outs_->Set(filter);
  if (options_.syn != nullptr) options_.syn->Barrier();
  if (filter->empty()) return;
  prober_.Abort(
      [filter](const ContactPolicy&, const Address& address) { return filter->Contains(address); });
}

void JobRunner::CancelJob(const JobKey& key) {
  const auto job = Find(key);
  if (job == nullptr) return;
  const ContactPolicy* const over = job->policy().get();
  DropJob(key);
  prober_.Abort([over](const ContactPolicy& policy, const Address&) { return &policy == over; });
}

}  // namespace hark

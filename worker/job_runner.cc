#include "worker/job_runner.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"

namespace hark {
namespace {

constexpr Duration kDefaultConnectTimeout = std::chrono::seconds(4);
// Sockets when a job names no number.
constexpr uint32_t kDefaultConcurrency = 200;
// Hosts begun for each socket: most of a visit is pauses.
constexpr size_t kWindowPerSocket = 4;

RangeSet Exclusions(const proto::Job& job) {
  std::vector<Range> ranges;
  for (const std::string& bytes : job.exclusions()) {
    ByteReader reader(bytes);
    const uint32_t first = reader.U32();
    const uint32_t last = reader.U32();
    // Turned round it would exclude nothing; too much excluded is the safe mistake.
    ranges.push_back({std::min(first, last), std::max(first, last)});
  }
  return RangeSet(std::move(ranges));
}

// The IPv4 address a packet would go to: its own, or the one inside ::ffff:0:0/96 (RFC 4291
// §2.5.5.2), which the kernel reaches over IPv4. An exclusion must not be got round by writing it
// differently.
std::optional<uint32_t> V4Destination(const Address& address) {
  if (address.is_v4()) return address.v4();
  ByteReader reader(address.bytes());
  const bool mapped = reader.U64() == 0 && reader.U16() == 0 && reader.U16() == 0xffff;
  return mapped ? std::optional(reader.U32()) : std::nullopt;
}

uint32_t ConcurrencyOf(const proto::Job& job) {
  return job.policy().concurrency() > 0 ? job.policy().concurrency() : kDefaultConcurrency;
}

}  // namespace

JobRunner::JobRunner(RunnerOptions options, Prober& prober, SurveyMakerFactory surveys)
    : options_(options), prober_(prober), surveys_(std::move(surveys)) {}

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
  policy->may_contact = [excluded = Exclusions(job)](const Address& address) {
    const auto v4 = V4Destination(address);
    return !v4 || !excluded.Contains(*v4);
  };
  const size_t sockets = std::min<size_t>(ConcurrencyOf(job), options_.max_parallel);
  prober_.SetMaxInFlight(sockets);
  if (job.kind() == proto::Job::SWEEP) {
    jobs_.push_back(
        MakeSweep(job, cursor, end, std::move(targets), std::move(policy), options_.limits));
  } else {
    policy->make_survey = surveys_(job.policy());
    jobs_.push_back(
        MakeGrab(job, cursor, end, sockets * kWindowPerSocket, std::move(policy), options_.limits));
  }
  if (finishing_) jobs_.back()->policy()->permission = Permission::kFinishStarted;
  return Status::Ok();
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

void JobRunner::HoldJob(const JobKey& key, bool hold) {
  const auto job = Find(key);
  if (job == nullptr) return;
  const Permission otherwise = finishing_ ? Permission::kFinishStarted : Permission::kGo;
  prober_.SetPermission(job->policy(), hold ? Permission::kStop : otherwise);
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
}

void JobRunner::FinishStarted() {
  finishing_ = true;
  // A copy: given-back targets must not disturb the loop.
  for (const auto& job : std::vector(jobs_)) {
    prober_.SetPermission(job->policy(), Permission::kFinishStarted);
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

void JobRunner::SetRate(double probes_per_second) {
  prober_.SetRate(probes_per_second);
}

}  // namespace hark

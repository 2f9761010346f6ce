#include "tests/sim/sim_worker.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/outcome.h"
#include "base/target_states.h"
#include "tests/sim/sim_disk.h"

namespace hark::sim {
namespace {

constexpr uint64_t kMostPerMoment = 12;

}  // namespace

Status SimHost::StartJob(const proto::Job& job, uint64_t cursor, uint64_t end,
                         std::shared_ptr<const RangeSet>) {
  HARK_ASSIGN_OR_RETURN(ExclusionFilter exclusions, ExclusionFilter::Parse(job.exclusions()));
  jobs_[JobKey::Of(job)] = {job, cursor, end, false, std::move(exclusions)};
  return Status::Ok();
}

void SimHost::HoldJob(const JobKey& key, bool hold) {
  if (const auto it = jobs_.find(key); it != jobs_.end()) it->second.held = hold;
}

uint64_t SimHost::TrimJob(const JobKey& key, uint64_t new_end) {
  const auto it = jobs_.find(key);
  if (it == jobs_.end()) return UINT64_MAX;  // as the job runner answers
  Running& running = it->second;
  running.end = std::min(running.end, std::max(new_end, running.next + 1));
  return running.end;
}

void SimHost::DropJob(const JobKey& key) {
  jobs_.erase(key);
}

size_t SimHost::jobs_with_work() const {
  return static_cast<size_t>(std::count_if(jobs_.begin(), jobs_.end(), [](const auto& entry) {
    return entry.second.next < entry.second.end;
  }));
}

size_t SimHost::run_jobs_with_work(uint32_t run) const {
  return static_cast<size_t>(std::count_if(jobs_.begin(), jobs_.end(), [run](const auto& entry) {
    return entry.first.run == run && entry.second.next < entry.second.end;
  }));
}

void SimHost::SetRate(double probes_per_second) {
  rate_ = probes_per_second;
  shares_.reset();
}

void SimHost::SetShares(const RunShares& shares, double total) {
  rate_ = total;
  shares_ = shares;
}

void SimHost::Exclude(std::shared_ptr<const ExclusionFilter> opt_outs) {
  opt_outs_ = std::move(opt_outs);
}

bool SimHost::Excluded(const Running& running, const Address& address) const {
  return opt_outs_->Contains(address) || running.exclusions.Contains(address);
}

bool SimHost::Has(uint32_t run) const {
  return std::any_of(jobs_.begin(), jobs_.end(),
                     [run](const auto& entry) { return entry.first.run == run; });
}

bool SimHost::Begins(uint32_t run) const {
  return !finishing_ && std::any_of(jobs_.begin(), jobs_.end(), [run](const auto& entry) {
    return entry.first.run == run && entry.second.next < entry.second.end && !entry.second.held;
  });
}

double SimHost::RateOf(uint32_t run) const {
  if (!Begins(run)) return 0;
  if (!shares_) return rate_;
  const auto share = shares_->find(run);
  return share == shares_->end() ? 0 : share->second.probes_per_second;
}

double SimHost::rate() const {
  double sum = 0;
  for (uint32_t run = 1; run <= worlds_.size(); ++run) sum += RateOf(run);
  return std::min(sum, rate_);
}

// Who gets in learns the host's key.
void SimHost::Visit(const Running& running, const std::string& address, MonoTime now,
                    proto::HostObservation* host) {
  const uint32_t run = running.job.run();
  const Address target = *Address::FromBytes(address);
  host->set_address(address);
  host->set_started_unix_ms(hooks_.unix_ms());
  proto::PortObservation& port = *host->add_ports();
  port.set_port(25);
  if (Excluded(running, target)) {
    host->set_excluded(true);
    port.set_outcome(static_cast<uint32_t>(Outcome::kLocalError));
    return;
  }
  hooks_.contacted(JobKey::Of(running.job), target);
  const bool throttled = hooks_.throttled(run, target);
  port.set_greeting(TrueTime(now));
  port.set_outcome(static_cast<uint32_t>(throttled ? Outcome::kThrottled : Outcome::kOk));
  port.set_stage(static_cast<uint32_t>(throttled ? Stage::kGreeting : Stage::kDone));
  if (!throttled) port.mutable_ssh()->add_keys()->set_blob(address);
}

void SimHost::Knock(const Running& running, uint64_t index, proto::SweepResult* sweep) {
  const uint32_t run = running.job.run();
  const SimWorld& world = *worlds_[run - 1];
  const auto told =
      static_cast<uint64_t>(sweep->hits_size()) + sweep->refused() + sweep->excluded();
  TargetStates states = *TargetStates::Decode(sweep->states(), told);
  const auto tell = [&](TargetState state) {
    states.Add(state);
    sweep->set_states(states.Take());
  };
  if (Excluded(running, world.target[index])) {
    tell(TargetState::kExcluded);
    return sweep->set_excluded(sweep->excluded() + 1);
  }
  hooks_.contacted(JobKey::Of(running.job), world.target[index]);
  if (!world.listens(index)) {
    tell(TargetState::kRefused);
    return sweep->set_refused(sweep->refused() + 1);
  }
  tell(TargetState::kAnswered);
  proto::SweepHit& hit = *sweep->add_hits();
  hit.set_index(index);
  hit.set_address(std::string(world.target[index].bytes()));
}

void SimHost::MakePayload(const Running& running, uint64_t to, MonoTime now,
                          proto::BatchPayload* payload) {
  const bool sweep = running.job.kind() == proto::Job::SWEEP;
  for (uint64_t i = running.next; i < to; ++i) {
    if (sweep) {
      Knock(running, i, payload->mutable_sweep());
    } else {
      proto::HostObservation& host = *payload->add_hosts();
      host.set_index(i);
      Visit(running, running.job.targets(static_cast<int>(i - running.job.cursor())), now, &host);
    }
  }
}

size_t SimHost::Work(WorkerSession& session, MonoTime now) {
  size_t batches = 0;
  std::vector<JobKey> keys;
  for (const auto& [key, running] : jobs_) keys.push_back(key);
  for (const JobKey& key : keys) {
    const auto it = jobs_.find(key);
    if (it == jobs_.end() || it->second.held || finishing_) continue;
    Running& running = it->second;
    if (RateOf(key.run) <= 0 || running.next >= running.end || random_.Unit() > pace_) continue;
    const uint64_t to = std::min(running.end, running.next + 1 + random_.Below(kMostPerMoment));
    const bool sweep = running.job.kind() == proto::Job::SWEEP;
    if (!hooks_.probed(key, sweep, running.next, to)) return batches;
    proto::BatchPayload payload;
    MakePayload(running, to, now, &payload);
    proto::Batch batch;
    key.Put(&batch);
    batch.set_from_index(running.next);
    batch.set_to_index(to);
    batch.set_final(to == running.end);
    batch.set_payload(payload.SerializeAsString());
    batch.set_crc32c(Crc32c(batch.payload()));
    running.next = to;
    session.AddBatch(std::move(batch), now);
    ++batches;
  }
  return batches;
}

}  // namespace hark::sim

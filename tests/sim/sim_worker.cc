#include "tests/sim/sim_worker.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/outcome.h"
#include "tests/sim/sim_disk.h"

namespace hark::sim {
namespace {

constexpr uint64_t kMostPerMoment = 12;

}  // namespace

Status SimHost::StartJob(const proto::Job& job, uint64_t cursor, uint64_t end,
                         std::shared_ptr<const RangeSet>) {
  jobs_[JobKey::Of(job)] = {job, cursor, end, false};
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

double SimHost::rate() const {
  const bool probes = std::any_of(jobs_.begin(), jobs_.end(), [](const auto& entry) {
    return entry.second.next < entry.second.end && !entry.second.held;
  });
  return probes && !finishing_ ? rate_ : 0;
}

// Who gets in learns the host's key.
void SimHost::Visit(const std::string& address, MonoTime now, proto::HostObservation* host) {
  host->set_address(address);
  host->set_started_unix_ms(hooks_.unix_ms());
  const bool throttled = hooks_.throttled(*Address::FromBytes(address));
  proto::PortObservation& port = *host->add_ports();
  port.set_port(25);
  port.set_greeting(TrueTime(now));
  port.set_outcome(static_cast<uint32_t>(throttled ? Outcome::kThrottled : Outcome::kOk));
  port.set_stage(static_cast<uint32_t>(throttled ? Stage::kGreeting : Stage::kDone));
  if (!throttled) port.mutable_ssh()->add_keys()->set_blob(address);
}

void SimHost::MakePayload(const Running& running, uint64_t to, MonoTime now,
                          proto::BatchPayload* payload) {
  const bool sweep = running.job.kind() == proto::Job::SWEEP;
  for (uint64_t i = running.next; i < to; ++i) {
    if (!sweep) {
      proto::HostObservation& host = *payload->add_hosts();
      host.set_index(i);
      Visit(running.job.targets(static_cast<int>(i - running.job.cursor())), now, &host);
    } else if (world_.listens(i)) {
      proto::SweepHit& hit = *payload->mutable_sweep()->add_hits();
      hit.set_index(i);
      hit.set_address(std::string(world_.target[i].bytes()));
    } else {
      payload->mutable_sweep()->set_refused(payload->sweep().refused() + 1);
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
    if (running.next >= running.end || rate_ <= 0 || random_.Unit() > pace_) continue;
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

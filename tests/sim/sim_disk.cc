#include "tests/sim/sim_disk.h"

#include "base/outcome.h"
#include "base/strings.h"
#include "coordinator/revisit_merge.h"
#include "coordinator/run_state.h"
#include "tests/sim/fleet_watch.h"

namespace hark::sim {

std::string TrueTime(MonoTime now) {
  return StrCat(ToMillis(now.time_since_epoch()));
}

int64_t TrueTimeOf(const proto::PortObservation& port) {
  return static_cast<int64_t>(ParseUint(port.greeting()).value_or(0));
}

SimDisk::SimDisk(const SimWorld& world, const FleetOptions& options)
    : run(world.run),
      world_(world),
      backoff_ms_(options.throttle_backoff_ms),
      lies_(options.disk_lies),
      holders_(options.targets) {
  for (const proto::JobRow& job : world.first_jobs) {
    jobs[job.id()] = job;
    Count(job, 1);
  }
  touched_.clear();
  if (lies_) synced_ = Copy();
}

SimDisk::Content SimDisk::Copy() const {
  return {run, jobs, listeners, revisits, all_revisits, recorded, holders_};
}

void SimDisk::GoBackTo(Content content) {
  run = std::move(content.run);
  jobs = std::move(content.jobs);
  listeners = std::move(content.listeners);
  revisits = std::move(content.revisits);
  all_revisits = std::move(content.all_revisits);
  recorded = std::move(content.recorded);
  holders_ = std::move(content.holders);
}

void SimDisk::Forget(size_t items) {
  if (!lies_) return;
  const size_t lost = std::min(items, cached_.size());
  forgotten_ += lost;
  cached_.resize(cached_.size() - lost);
  GoBackTo(std::exchange(synced_, {}));
  for (CommitItem& item : cached_) Apply(item);
  cached_.clear();
  synced_ = Copy();
}

void SimDisk::Submit(CommitItem item) {
  if (watch_ != nullptr) watch_->Submitted(item);
  waiting_.push_back(std::move(item));
}

void SimDisk::Sync(size_t items) {
  const size_t n = std::min(items, waiting_.size());
  for (size_t i = 0; i < n; ++i) {
    Apply(waiting_[i]);
    const uint64_t ticket = waiting_[i].ticket;
    if (lies_) cached_.push_back(std::move(waiting_[i]));
    if (ticket == 0) continue;
    durable_.push_back(ticket);
    if (watch_ != nullptr) watch_->Durable(ticket);
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
}

void SimDisk::Crash(size_t survivors) {
  Sync(survivors);  // written, but the process died before it could say so
  waiting_.clear();
  durable_.clear();
}

void SimDisk::Apply(CommitItem& item) {
  for (const proto::JobRow& job : item.jobs) {
    const bool audit = RunState::IsAudit(job) && job.id() == item.job;
    const bool records = !item.hosts.empty() || !item.listeners.empty() || !item.revisits.empty();
    if (audit && records) broken.push_back("an audit that leaves records");
    ApplyJob(job);
  }
  for (const uint64_t index : touched_) {
    if (holders_[index] != 1) {
      broken.push_back(StrCat("index ", index, " is in ", holders_[index], " jobs"));
    }
  }
  touched_.clear();
  for (const auto& [position, address] : item.listeners) {
    if (position != listeners.size()) broken.push_back("a hole in the listener list");
    if (!world_.listeners.contains(address)) broken.push_back("a listener that does not listen");
    listeners.push_back(address);
  }
  for (const StoredRevisit& revisit : item.revisits) {
    std::vector<Address>& list = revisits[revisit.list];
    if (revisit.position != list.size()) broken.push_back("a hole in a revisit list");
    list.push_back(*Address::FromBytes(revisit.row.address()));
    all_revisits.push_back(revisit);
  }
  for (const proto::HostObservation& host : item.hosts) Record(host, item.round);
  if (item.run_row) run = *item.run_row;
}

// A SWEEP job holds what it has done, [base, cursor), and what it still may do. A SPLIT one has
// given the rest to its halves; a QUARANTINED one keeps the index it is about.
void SimDisk::Count(const proto::JobRow& job, int sign) {
  if (job.kind() != proto::JobRow::SWEEP) return;
  const uint64_t end = job.state() == proto::JobRow::SPLIT ? job.cursor() : job.end();
  for (uint64_t i = job.base(); i < end; ++i) {
    holders_[i] += sign;
    touched_.push_back(i);
  }
}

void SimDisk::ApplyJob(const proto::JobRow& job) {
  proto::JobRow& known = jobs[job.id()];
  const bool is_new = known.id() == 0;
  const bool done = job.state() == proto::JobRow::DONE;
  const bool split = job.state() == proto::JobRow::SPLIT;
  if (!is_new && job.cursor() < known.cursor()) broken.push_back("a cursor went back");
  if (done && job.cursor() != job.end()) broken.push_back("a job done before its end");
  if (is_new || split || job.end() != known.end()) {
    if (!is_new) Count(known, -1);
    Count(job, 1);
  }
  const proto::Tally& t = job.tally();
  const uint64_t counted = t.refused() + t.answered() + t.throttled() + t.failed();
  const uint64_t left_out = job.state() == proto::JobRow::QUARANTINED ? 1 : 0;
  const uint64_t owed = RunState::IsAudit(job) ? 0 : job.cursor() - job.base() + left_out;
  if (counted != owed) broken.push_back("a job's ledger is off");
  if (job.audit().disagreed() > 0) broken.push_back("honest workers that disagree");
  if (watch_ != nullptr) watch_->Applied(job);
  known = job;
}

// Every visit once, in order, in time, and none to a host that has answered.
void SimDisk::Record(const proto::HostObservation& host, uint32_t round) {
  const Address address = *Address::FromBytes(host.address());
  const int64_t visited = TrueTimeOf(host.ports(0));
  proto::PortRow row;
  *row.mutable_observation() = host.ports(0);
  const auto known = recorded.find(address);
  if (!world_.listeners.contains(address)) broken.push_back("a host that does not listen");
  if (round == 0) {
    if (known != recorded.end()) broken.push_back("a host counted twice");
    recorded[address].row = row;
  } else if (known == recorded.end()) {
    broken.push_back("a host visited again before its first visit");
  } else {
    Recorded& seen = known->second;
    if (round != seen.rounds + 1) broken.push_back("a retry lost or doubled");
    if (round > kThrottleRetries) broken.push_back("more retries than allowed");
    if (!StaysThrottled(seen.row.observation())) broken.push_back("a retry nobody needs");
    if (visited < seen.not_before_ms && !clock_jumped_) broken.push_back("a retry too early");
    seen.rounds = round;
    seen.row = MergeVisits(seen.row, row, round + 1);
  }
  recorded[address].not_before_ms = visited + (backoff_ms_ << round);
}

}  // namespace hark::sim

#include "tests/sim/sim_store.h"

#include "base/outcome.h"
#include "base/strings.h"
#include "coordinator/revisit_merge.h"
#include "coordinator/run_state.h"

namespace hark::sim {

std::string TrueTime(MonoTime now) {
  return StrCat(ToMillis(now.time_since_epoch()));
}

int64_t TrueTimeOf(const proto::PortObservation& port) {
  return static_cast<int64_t>(ParseUint(port.greeting()).value_or(0));
}

SimStore::SimStore(const SimWorld& world, const FleetOptions& options)
    : world_(world), backoff_ms_(options.throttle_backoff_ms) {
  is.run = world.run;
  is.holders.resize(world.run.planned());
  for (const proto::JobRow& job : world.first_jobs) {
    is.jobs[job.id()] = job;
    Count(job, 1);
  }
  touched_.clear();
}

void SimStore::Apply(const CommitItem& item) {
  for (const proto::JobRow& job : item.jobs) {
    const bool audit = RunState::IsAudit(job) && job.id() == item.job;
    const bool records = !item.hosts.empty() || !item.listeners.empty() || !item.revisits.empty();
    if (audit && records) broken.push_back("an audit that leaves records");
    ApplyJob(job);
  }
  for (const uint64_t index : touched_) {
    if (is.holders[index] != 1) {
      broken.push_back(StrCat("index ", index, " is in ", is.holders[index], " jobs"));
    }
  }
  touched_.clear();
  for (const auto& [position, address] : item.listeners) {
    if (position != is.listeners.size()) broken.push_back("a hole in the listener list");
    if (!world_.listeners.contains(address)) broken.push_back("a listener that does not listen");
    is.listeners.push_back(address);
  }
  for (uint64_t i = 0; i < item.swept.size(); ++i) {
    const uint64_t index = item.swept_from + i;
    const TargetState state = item.swept.At(i);
    if (!is.swept.emplace(index, state).second) broken.push_back("an index told of twice");
    const bool listens = state == TargetState::kAnswered;
    if (state != TargetState::kExcluded && listens != world_.listens(index)) {
      broken.push_back("a state that cannot be");
    }
  }
  for (const StoredRevisit& revisit : item.revisits) {
    std::vector<Address>& list = is.revisits[revisit.list];
    if (revisit.position != list.size()) broken.push_back("a hole in a revisit list");
    list.push_back(*Address::FromBytes(revisit.row.address()));
    is.all_revisits.push_back(revisit);
  }
  for (const proto::HostObservation& host : item.hosts) Record(host, item.round);
  if (item.run_row) is.run = *item.run_row;
}

// A SWEEP job holds what it has done, [base, cursor), and what it still may do. A SPLIT one has
// given the rest to its halves; a QUARANTINED one keeps the index it is about.
void SimStore::Count(const proto::JobRow& job, int sign) {
  if (job.kind() != proto::JobRow::SWEEP) return;
  const uint64_t end = job.state() == proto::JobRow::SPLIT ? job.cursor() : job.end();
  for (uint64_t i = job.base(); i < end; ++i) {
    is.holders[i] += sign;
    touched_.push_back(i);
  }
}

void SimStore::ApplyJob(const proto::JobRow& job) {
  proto::JobRow& known = is.jobs[job.id()];
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
  const uint64_t counted = t.refused() + t.answered() + t.throttled() + t.failed() + t.excluded();
  const uint64_t left_out = job.state() == proto::JobRow::QUARANTINED ? 1 : 0;
  const uint64_t owed = RunState::IsAudit(job) ? 0 : job.cursor() - job.base() + left_out;
  if (counted != owed) broken.push_back("a job's ledger is off");
  if (job.audit().disagreed() > 0) broken.push_back("honest workers that disagree");
  known = job;
}

// Every visit once, in order, in time, and none to a host that has answered.
void SimStore::Record(const proto::HostObservation& host, uint32_t round) {
  const Address address = *Address::FromBytes(host.address());
  const int64_t visited = TrueTimeOf(host.ports(0));
  proto::PortRow row;
  *row.mutable_observation() = host.ports(0);
  const auto known = is.recorded.find(address);
  if (!world_.listeners.contains(address)) broken.push_back("a host that does not listen");
  if (round == 0) {
    if (known != is.recorded.end()) broken.push_back("a host counted twice");
    Recorded& seen = is.recorded[address];
    seen.excluded = host.excluded();
    seen.row = row;
  } else if (known == is.recorded.end()) {
    broken.push_back("a host visited again before its first visit");
  } else {
    Recorded& seen = known->second;
    if (round != seen.rounds + 1) broken.push_back("a retry lost or doubled");
    if (round > kThrottleRetries) broken.push_back("more retries than allowed");
    if (seen.excluded) broken.push_back("a visit to one that has opted out");
    if (host.excluded()) {
      seen.excluded = true;  // as ingest does: the ledger has it, that is all
      return;
    }
    if (!StaysThrottled(seen.row.observation())) broken.push_back("a retry nobody needs");
    if (visited < seen.not_before_ms && !clock_jumped_) broken.push_back("a retry too early");
    seen.rounds = round;
    seen.row = MergeVisits(seen.row, row, round + 1);
  }
  is.recorded[address].not_before_ms = visited + (backoff_ms_ << round);
}

}  // namespace hark::sim

// Second opinions: the audits half of RunState. What is sampled and compared, audit.h says.
//
//   accepted batch --in the sample, same write--> PENDING, growing with its origin's next batches
//   PENDING   --rested, asked by another worker--> LEASED
//   LEASED    --batches, compared--> DONE; nothing of them is stored but the counts
//   LEASED    --given back, lost--> PENDING; the third time without progress: left out
//   PENDING   --nothing else to do and nobody came for kAuditGrace--> left out (DONE at its cursor)

#include <algorithm>

#include "base/mutation.h"
#include "coordinator/batch_check.h"
#include "coordinator/run_state.h"

namespace hark {
namespace {

using proto::JobRow;
using std::chrono::seconds;

// Between two visits to a host that has done nothing to deserve the second.
constexpr Duration kAuditRest = seconds(10);
// Workers ask within seconds when they have nothing to do; who has not asked by now will not, or
// may not.
constexpr Duration kAuditGrace = seconds(30);
// Another provider's network is worth a wait, which must be over before the grace is.
constexpr Duration kOtherProviderPatience = seconds(15);
constexpr uint32_t kAuditTries = 3;
// What one row may grow to: a row is written whole with every batch that adds to it.
constexpr uint64_t kMaxAuditSweep = 4096;
constexpr uint64_t kMaxAuditGrab = 64;

bool Overlap(uint64_t from, uint64_t end, uint64_t other_from, uint64_t other_end) {
  return from < other_end && other_from < end;
}

void AddAnswer(const std::string& auditor, const AuditCount& count, proto::AuditClaim* claim) {
  auto& answers = *claim->mutable_answers();
  auto at = std::find_if(answers.begin(), answers.end(), [&](const proto::AuditAnswer& answer) {
    return answer.worker() == auditor;
  });
  proto::AuditAnswer& answer = at != answers.end() ? *at : *answers.Add();
  answer.set_worker(auditor);
  answer.set_audited(answer.audited() + count.audited);
  answer.set_disagreed(answer.disagreed() + count.disagreed);
}

}  // namespace

// Who is wrong a disagreement does not say, so both have it. Whoever is wrong has it with
// everybody, the others have it only with him.
void RunState::CountAudit(const proto::AuditClaim& claim) {
  audits_.left_out += claim.left_out();
  for (const proto::AuditAnswer& answer : claim.answers()) {
    const AuditCount count{answer.audited(), answer.disagreed()};
    audits_.findings += count;
    audits_of_[claim.worker()] += count;
    audits_of_[answer.worker()] += count;
    audits_between_[claim.worker()][answer.worker()] += count;
    audits_between_[answer.worker()][claim.worker()] += count;
  }
}

// The job that takes on targets from `at` on: the origin's last one while nobody has it, or a new.
LiveJob& RunState::AuditFor(JobRow::Kind kind, const std::string& worker,
                            const std::string& provider, uint64_t at) {
  uint32_t& growing = growing_audits_[{worker, kind}];
  if (pending_audits_.contains(growing)) {
    LiveJob& job = jobs_.at(growing);
    const uint64_t size = job.row.end() - job.row.base();
    const bool fits = kind == JobRow::AUDIT_GRAB ? size < kMaxAuditGrab
                                                 : job.row.end() == at && size < kMaxAuditSweep;
    if (fits) {
      job.rests_until.reset();
      return job;
    }
  }
  JobRow row;
  growing = jobs_.rbegin()->first + 1;
  row.set_id(growing);
  row.set_kind(kind);
  row.set_base(at);
  row.set_cursor(at);
  row.set_end(at);
  row.mutable_audit()->set_worker(worker);
  row.mutable_audit()->set_provider(provider);
  return Add(std::move(row));
}

std::vector<JobRow> RunState::MakeAudits(const LiveJob& job, const proto::Batch& batch,
                                         const CheckedBatch& checked, const std::string& worker,
                                         const std::string& provider) {
  std::set<uint32_t> changed;
  const AuditSample sample(audit_secret_, run_.id(), run_.planned(), run_.settings().audit());
  if (IsSweep(job.row)) {
    for (const auto& stretch : sample.Within(batch.from_index(), batch.to_index())) {
      LiveJob& audit = AuditFor(JobRow::AUDIT_SWEEP, worker, provider, stretch.from);
      ClaimHits(stretch, checked, audit.row);
      changed.insert(audit.row.id());
    }
  }
  const bool first_visits =
      job.row.kind() == JobRow::GRAB_LISTENERS || job.row.kind() == JobRow::GRAB_TARGETS;
  for (const proto::HostObservation& host : checked.hosts) {
    const auto address = Address::FromBytes(host.address());
    if (!first_visits || !address || !sample.Has(*address)) continue;
    std::optional<proto::AuditHost> claim = AuditHostOf(host);
    if (!claim) continue;
    // Labelled with the origin's own positions: nobody can tell by the numbers what this job is.
    LiveJob& audit = AuditFor(JobRow::AUDIT_GRAB, worker, provider, host.index());
    *audit.row.mutable_audit()->add_hosts() = std::move(*claim);
    audit.row.set_end(audit.row.end() + 1);
    changed.insert(audit.row.id());
  }
  if (!changed.empty()) audits_moved_.reset();
  if (job.row.kind() == JobRow::GRAB_LISTENERS) RestAfterVisits(batch);
  std::vector<JobRow> rows;
  for (const uint32_t id : changed) rows.push_back(jobs_.at(id).row);
  return rows;
}

void RunState::ForgetAudits(const AddressSet& opt_outs) {
  for (auto& [id, job] : jobs_) {
    if (!IsAudit(job.row)) continue;
    const auto address_of = [this](uint64_t index) { return TargetAt(index); };
    if (Forget(opt_outs, address_of, job.row.mutable_audit())) Touch(job);
  }
}

// Who has just been visited rests before it is knocked at again.
void RunState::RestAfterVisits(const proto::Batch& visits) {
  for (const uint32_t id : pending_audits_) {
    LiveJob& job = jobs_.at(id);
    const proto::AuditClaim& claim = job.row.audit();
    const bool visited = Overlap(visits.from_index(), visits.to_index(), claim.first_listener(),
                                 claim.end_listener());
    if (visited) job.rests_until.reset();
  }
}

// What the batch says of the stretch, added to the end of an audit.
void RunState::ClaimHits(const AuditSample::Stretch& stretch, const CheckedBatch& checked,
                         JobRow& row) const {
  proto::AuditClaim& claim = *row.mutable_audit();
  const auto& hits = checked.hit_indices;
  for (size_t i = 0; i < hits.size(); ++i) {
    if (hits[i] < stretch.from || hits[i] >= stretch.to) continue;
    claim.add_hits(hits[i]);
    if (claim.end_listener() == 0) claim.set_first_listener(listeners_ + i);
    claim.set_end_listener(listeners_ + i + 1);
  }
  const uint64_t size = stretch.to - stretch.from;
  claim.set_doubtful(claim.doubtful() + std::min(checked.tally.failed(), size));
  row.set_end(stretch.to);
}

std::optional<std::string> RunState::Compare(LiveJob& job, const proto::Batch& batch,
                                             const CheckedBatch& checked) {
  proto::AuditClaim& claim = *job.row.mutable_audit();
  AuditCount count;
  if (IsKnocking(job.row)) {
    count = CompareSweep(batch.from_index(), batch.to_index(), checked.hit_indices,
                         checked.tally.failed() + checked.tally.excluded(), &claim);
  }
  for (const proto::HostObservation& seen : checked.hosts) {
    const auto at = static_cast<int>(seen.index() - job.row.base());
    count += CompareHost(claim.hosts(at), seen);
  }
  claim.set_audited(claim.audited() + count.audited);
  claim.set_disagreed(claim.disagreed() + count.disagreed);
  proto::AuditClaim added;  // what this batch adds to the sums
  added.set_worker(claim.worker());
  AddAnswer(job.row.worker(), count, &added);
  CountAudit(added);
  AddAnswer(job.row.worker(), count, &claim);
  audits_moved_.reset();
  if (batch.to_index() == job.row.end()) {
    claim.clear_hits();
    claim.clear_hosts();
  }
  for (const std::string& worker : {claim.worker(), job.row.worker()}) {
    if (StandsOutNow(worker) && standing_out_.insert(worker).second) return worker;
  }
  return std::nullopt;
}

// With more than half of those it has been compared with: one bad partner makes nobody bad, and two
// workers that disagree say nothing about which of them it is.
bool RunState::StandsOutNow(const std::string& worker) const {
  const AuditCount its = audits_of_.at(worker);
  const AuditCount others{audits_.findings.audited - its.audited,
                          audits_.findings.disagreed - its.disagreed};
  if (!StandsOut(its, others)) return false;
  size_t partners = 0, against = 0;
  for (const auto& [partner, count] : audits_between_.at(worker)) {
    partners += count.audited >= kFewestAudited ? 1 : 0;
    against += StandsOut(count, others) ? 1 : 0;
  }
  return partners >= 2 && 2 * against > partners;
}

LiveJob* RunState::TakeAudit(Duration patience, const Asking& asking) {
  for (const uint32_t id : pending_audits_) {
    LiveJob& job = jobs_.at(id);
    if (!MayAudit(job, patience, asking)) continue;
    pending_audits_.erase(id);
    return &job;
  }
  return nullptr;
}

bool RunState::MayAudit(LiveJob& job, Duration patience, const Asking& asking) const {
  const proto::AuditClaim& claim = job.row.audit();
  if (claim.worker() == asking.worker && !Broken(Rule::kAuditByAnother)) return false;
  if (job.barred.contains(asking.worker)) return false;
  if (!job.rests_until) {
    job.rests_until = asking.now + (Broken(Rule::kAuditRests) ? Duration(0) : kAuditRest);
  }
  const Duration waited = asking.now - *job.rests_until;
  const bool neighbours = !claim.provider().empty() && claim.provider() == asking.provider;
  if (waited < std::max(patience, neighbours ? kOtherProviderPatience : Duration(0))) return false;
  return !VisitsAhead(claim) && !AuditedElsewhere(job.row);
}

// A host that was found is visited before it is knocked at again.
bool RunState::VisitsAhead(const proto::AuditClaim& claim) const {
  if (claim.end_listener() == 0) return false;
  const auto holds = [&](uint32_t id) {
    const JobRow& row = jobs_.at(id).row;
    return row.kind() == JobRow::GRAB_LISTENERS &&
           Overlap(row.cursor(), row.end(), claim.first_listener(), claim.end_listener());
  };
  return cut_ < claim.end_listener() ||
         std::any_of(pending_grabs_.begin(), pending_grabs_.end(), holds) ||
         std::any_of(leased_.begin(), leased_.end(), holds);
}

// A host may be in both samples, of sweeps and of grabs: one audit of it at a time.
bool RunState::AuditedElsewhere(const JobRow& row) const {
  const std::vector<std::string> hosts = HostsOf(row);
  return std::any_of(leased_.begin(), leased_.end(), [&](uint32_t id) {
    const JobRow& other = jobs_.at(id).row;
    if (!IsAudit(other) || other.kind() == row.kind()) return false;
    const std::vector<std::string> its = HostsOf(other);
    return std::find_first_of(hosts.begin(), hosts.end(), its.begin(), its.end()) != hosts.end();
  });
}

std::vector<std::string> RunState::HostsOf(const JobRow& audit) const {
  std::vector<std::string> hosts;
  for (const proto::AuditHost& host : audit.audit().hosts()) hosts.push_back(host.address());
  for (const uint64_t hit : audit.audit().hits()) {
    hosts.emplace_back(TargetAt(hit).bytes());
  }
  return hosts;
}

// An audit is not worth many workers: where an ordinary job would be halved, it ends.
void RunState::ReleaseAudit(LiveJob& job) {
  const bool stood_still = job.row.cursor() == job.leased_at_cursor;
  if (stood_still) job.row.set_no_progress(job.row.no_progress() + 1);
  job.row.clear_worker();
  if (job.row.no_progress() < kAuditTries) {
    MakePending(job);
  } else {
    LeaveOut(job);
  }
}

void RunState::LeaveOut(LiveJob& job) {
  proto::AuditClaim& claim = *job.row.mutable_audit();
  const uint64_t left = job.row.end() - job.row.cursor();
  claim.set_left_out(left);
  claim.clear_hits();
  claim.clear_hosts();
  audits_.left_out += left;
  pending_audits_.erase(job.row.id());
  job.row.set_end(job.row.cursor());
  job.row.set_state(JobRow::DONE);
  Touch(job);
}

bool RunState::WaitsForAuditors() const {
  return open_sweeps_ == 0 && pending_grabs_.empty() && leased_.empty() &&
         listeners_ == durable_listeners_ && cut_ >= listeners_ && revisits_.AllCut();
}

// Whoever holds an audit and gets nowhere loses it as any other job, so only waiting is of concern.
void RunState::TendAudits(MonoTime now, bool may_probe) {
  if (pending_audits_.empty()) return audits_moved_.reset();
  if (!audits_moved_ || !may_probe || !WaitsForAuditors()) audits_moved_ = now;
  if (now - *audits_moved_ < kAuditGrace || Broken(Rule::kAuditGivesUp)) return;
  while (!pending_audits_.empty()) LeaveOut(jobs_.at(*pending_audits_.begin()));
}

}  // namespace hark

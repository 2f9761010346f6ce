#include "coordinator/run_state.h"

#include <algorithm>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"
#include "coordinator/plan.h"

namespace hark {
namespace {

using proto::JobRow;

// A job that stands still this often has a poisonous target, if more than one worker says so; one
// worker alone must fail twice as often, since it may be the worker.
constexpr uint32_t kNoProgressLimit = 3;
constexpr uint32_t kNoProgressLimitOneWorker = 6;

bool IsOpen(JobRow::State state) {
  return state == JobRow::PENDING || state == JobRow::LEASED;
}

void AddTally(proto::Tally& sum, const proto::Tally& tally) {
  sum.set_excluded(sum.excluded() + tally.excluded());
  sum.set_silent(sum.silent() + tally.silent());
  sum.set_refused(sum.refused() + tally.refused());
  sum.set_answered(sum.answered() + tally.answered());
  sum.set_throttled(sum.throttled() + tally.throttled());
  sum.set_failed(sum.failed() + tally.failed());
  sum.set_unreachable(sum.unreachable() + tally.unreachable());
  sum.set_recovered(sum.recovered() + tally.recovered());
  sum.set_to_revisit(sum.to_revisit() + tally.to_revisit());
  sum.set_rechecked(sum.rechecked() + tally.rechecked());
  sum.set_found_again(sum.found_again() + tally.found_again());
}

}  // namespace

RunState::RunState(proto::RunRow run, RangeSet targets, AddressSet exclusions,
                   std::vector<JobRow> jobs, uint64_t listeners,
                   const std::vector<StoredRevisit>& revisits)
    : run_(std::move(run)),
      targets_(std::move(targets)),
      exclusions_(std::move(exclusions)),
      permutation_key_(PermutationKey(run_)),
      permutation_(std::max<uint64_t>(1, targets_.size()), permutation_key_),
      listeners_(listeners),
      durable_listeners_(listeners),
      revisits_(run_.policy(), revisits) {
  for (JobRow& row : jobs) Add(std::move(row));
}

// One place through which every job enters the table, from the store or newly made.
LiveJob& RunState::Add(JobRow row) {
  const uint32_t id = row.id();
  LiveJob& job = jobs_[id];
  job.row = std::move(row);
  job.durable_next_seq = job.row.next_seq();
  job.leased_at_cursor = job.row.cursor();
  if (IsSweep(job.row) && IsOpen(job.row.state())) ++open_sweeps_;
  if (job.row.kind() == JobRow::GRAB_LISTENERS) cut_ = std::max(cut_, job.row.end());
  if (IsRevisit(job.row)) revisits_.NoteCut(job.row.revisit_list(), job.row.end());
  if (IsAudit(job.row)) CountAudit(job.row.audit());
  if (job.row.state() == JobRow::PENDING) PendingOf(job.row).insert(id);
  if (job.row.state() == JobRow::LEASED) NoteLeased(job);
  return job;
}

std::set<uint32_t>& RunState::PendingOf(const JobRow& row) {
  if (IsAudit(row)) return pending_audits_;
  return IsSweep(row) ? pending_sweeps_ : pending_grabs_;
}

void RunState::NoteLeased(const LiveJob& job) {
  leased_.insert(job.row.id());
  leased_to_[job.row.worker()].insert(job.row.id());
}

void RunState::NoteUnleased(const LiveJob& job) {
  leased_.erase(job.row.id());
  const auto it = leased_to_.find(job.row.worker());
  if (it == leased_to_.end()) return;
  it->second.erase(job.row.id());
  if (it->second.empty()) leased_to_.erase(it);
}

Address RunState::TargetAt(uint64_t index) const {
  if (index >= targets_.size()) return targets6_.at(index - targets_.size());
  return Address::V4(targets_.At(permutation_.At(index)));
}

const std::vector<std::string>* RunState::NamesOf(const Address& target) const {
  const auto found = names_.find(target);
  return found == names_.end() ? nullptr : &found->second;
}

LiveJob* RunState::Find(uint32_t job) {
  const auto it = jobs_.find(job);
  return it == jobs_.end() ? nullptr : &it->second;
}

void RunState::Accept(LiveJob& job, uint64_t to, bool final, const proto::Tally& tally) {
  if (to > job.row.cursor()) {
    job.row.set_no_progress(0);
    job.row.set_suspect(false);
    job.row.clear_failed_workers();
  }
  job.row.set_cursor(to);
  job.row.set_next_seq(job.row.next_seq() + 1);
  AddTally(*job.row.mutable_tally(), tally);
  if (final) {
    job.row.set_state(JobRow::DONE);
    job.deadline = kNever;
    NoteUnleased(job);
    if (IsSweep(job.row)) --open_sweeps_;
  }
}

Blame RunState::BlameFor(const LiveJob& job) {
  return LeasesOf(job.row.worker()) == 1 ? Blame::kAlone : Blame::kShared;
}

void RunState::Release(LiveJob& job, Blame blame) {
  if (job.row.state() != JobRow::LEASED) return;
  NoteUnleased(job);
  job.deadline = kNever;
  const bool stood_still = job.row.cursor() == job.leased_at_cursor;
  if (blame == Blame::kStood) job.barred.insert(job.row.worker());
  if (IsAudit(job.row)) return ReleaseAudit(job);
  if (blame == Blame::kShared && stood_still) job.row.set_suspect(true);
  const bool guilty = blame == Blame::kStood || (blame == Blame::kAlone && stood_still);
  if (guilty) {
    job.row.set_suspect(true);
    job.row.set_no_progress(job.row.no_progress() + 1);
    const auto& failed = job.row.failed_workers();
    if (std::find(failed.begin(), failed.end(), job.row.worker()) == failed.end()) {
      job.row.add_failed_workers(job.row.worker());
    }
  }
  job.row.clear_worker();
  const uint32_t limit =
      job.row.failed_workers_size() >= 2 ? kNoProgressLimit : kNoProgressLimitOneWorker;
  if (job.row.no_progress() < limit) {
    MakePending(job);
  } else if (job.row.end() - job.row.cursor() > 1) {
    Split(job);
  } else {
    Quarantine(job);
  }
}

void RunState::MakePending(LiveJob& job) {
  job.rests_until.reset();
  job.row.set_state(JobRow::PENDING);
  PendingOf(job.row).insert(job.row.id());
  Touch(job);
}

// A job over a part of another's range.
JobRow RunState::NewJob(const LiveJob& like, uint64_t base, uint64_t end) const {
  JobRow row;
  row.set_id(jobs_.rbegin()->first + 1);
  row.set_kind(like.row.kind());
  row.set_base(base);
  row.set_cursor(base);
  row.set_end(end);
  row.set_parent(like.row.id());
  row.set_revisit_list(like.row.revisit_list());
  row.set_round(like.row.round());
  *row.mutable_ports() = like.row.ports();
  return row;
}

void RunState::Split(LiveJob& job) {
  const uint64_t middle = job.row.cursor() + (job.row.end() - job.row.cursor()) / 2;
  trouble_ = StrCat("job ", job.row.id(), " of run ", run_.name(),
                    " makes no progress; halved at index ", middle);
  LogWarning("coordinator", trouble_);
  const std::pair<uint64_t, uint64_t> halves[] = {{job.row.cursor(), middle},
                                                  {middle, job.row.end()}};
  for (const auto& [base, end] : halves) {
    JobRow row = NewJob(job, base, end);
    row.set_suspect(true);
    Touch(Add(std::move(row)));
    if (Broken(Rule::kSplitKeepsBoth)) break;
  }
  job.row.set_state(JobRow::SPLIT);
  if (IsSweep(job.row)) --open_sweeps_;
  Touch(job);
}

// The run goes on without this one target, and says so: it is in the ledger as failed.
void RunState::Quarantine(LiveJob& job) {
  trouble_ = StrCat("index ", job.row.cursor(), " of run ", run_.name(),
                    " stopped every worker that tried it; left out");
  LogWarning("coordinator", trouble_);
  job.row.set_state(JobRow::QUARANTINED);
  job.row.mutable_tally()->set_failed(job.row.tally().failed() + 1);
  if (IsSweep(job.row)) --open_sweeps_;
  Touch(job);
}

// Both rows change in one write (they are both dirty), so no index is ever in two jobs or in none.
void RunState::GiveTail(LiveJob& job, uint64_t new_end) {
  JobRow tail = NewJob(job, new_end, job.row.end());
  if (!Broken(Rule::kTrimShortens)) job.row.set_end(new_end);
  Touch(job);
  Touch(Add(std::move(tail)));
}

std::vector<LiveJob*> RunState::AllLeased() {
  std::vector<LiveJob*> out;
  for (const uint32_t id : leased_) out.push_back(Find(id));
  return out;
}

std::vector<LiveJob*> RunState::LeasedTo(const std::string& worker) {
  std::vector<LiveJob*> out;
  const auto it = leased_to_.find(worker);
  if (it == leased_to_.end()) return out;
  for (const uint32_t id : it->second) out.push_back(Find(id));
  return out;
}

size_t RunState::LeasesOf(const std::string& worker) const {
  const auto it = leased_to_.find(worker);
  return it == leased_to_.end() ? 0 : it->second.size();
}

std::vector<const LiveJob*> RunState::OpenJobs() const {
  std::vector<const LiveJob*> out;
  for (const uint32_t id : leased_) out.push_back(&jobs_.at(id));
  std::stable_sort(out.begin(), out.end(),
                   [](const LiveJob* a, const LiveJob* b) { return a->leased_at < b->leased_at; });
  for (const auto* pending : {&pending_sweeps_, &pending_grabs_, &pending_audits_}) {
    for (const uint32_t id : *pending) out.push_back(&jobs_.at(id));
  }
  return out;
}

bool RunState::AllDone() const {
  return open_sweeps_ == 0 && pending_grabs_.empty() && pending_audits_.empty() &&
         leased_.empty() && listeners_ == durable_listeners_ && cut_ >= listeners_ &&
         revisits_.AllCut();
}

void RunState::MarkDone(int64_t finished_unix_ms) {
  run_.set_state(proto::RunRow::DONE);
  run_.set_finished_unix_ms(finished_unix_ms);
}

std::vector<JobRow> RunState::TakeDirtyJobs() {
  std::vector<JobRow> rows;
  for (const uint32_t id : dirty_) rows.push_back(jobs_.at(id).row);
  dirty_.clear();
  return rows;
}

RunState::Totals RunState::Sum() const {
  Totals totals;
  totals.planned = run_.planned();
  totals.listeners = listeners_;
  totals.revisits_waiting = revisits_.waiting();
  totals.next_revisit = revisits_.Next();
  for (const auto& [id, job] : jobs_) {
    const uint64_t moved = job.row.cursor() - job.row.base();
    const bool of_plan = IsSweep(job.row) || job.row.kind() == JobRow::GRAB_TARGETS;
    // Of the listeners found, or of the targets where nobody looks for listeners.
    const bool first_visit =
        job.row.kind() == (run_.gate_port() != 0 ? JobRow::GRAB_LISTENERS : JobRow::GRAB_TARGETS);
    const uint64_t stuck = job.row.state() == JobRow::QUARANTINED ? 1 : 0;
    totals.quarantined += stuck;
    if (of_plan) totals.covered += moved + stuck;
    if (first_visit) totals.visited += moved + stuck;
    if (IsRevisit(job.row) && job.row.state() == JobRow::PENDING) {
      totals.revisits_waiting += job.row.end() - job.row.cursor();
      totals.next_revisit = std::min(totals.next_revisit, job.rests_until.value_or(kNever));
    }
    if (IsSweep(job.row)) AddTally(totals.sweep, job.row.tally());
    totals.pending += job.row.state() == JobRow::PENDING;
    totals.leased += job.row.state() == JobRow::LEASED;
    totals.done += !IsOpen(job.row.state());
  }
  return totals;
}

}  // namespace hark

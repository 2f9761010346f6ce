#include <algorithm>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"
#include "coordinator/dispatcher.h"

// Jobs: what is leased to whom, and when a run is over. Batches are in dispatcher_batches.cc.

namespace hark {
namespace {

using proto::JobRow;

constexpr size_t kTargetChunkBytes = 64 << 10;
constexpr size_t kRangeBytes = 8;

}  // namespace

void Dispatcher::CommitDirty(RunState& run) {
  CommitItem item;
  item.jobs = run.TakeDirtyJobs();
  if (item.jobs.empty()) return;
  item.run = run.run().id();
  if (unsent_.Submitted(item.run, next_ticket_)) item.ticket = next_ticket_++;
  // Not synced: when it is written, kill -9 does not forget it. A lease that is forgotten in a
  // power cut is given out again under a new epoch.
  queue_.Submit(std::move(item));
}

void Dispatcher::ReleaseLease(RunState& run, LiveJob& job, Blame blame) {
  const std::pair<uint32_t, uint32_t> id{run.run().id(), job.row.id()};
  grab_targets_.erase(id);
  trimming_.erase(id);
  unsent_.Drop(id);
  run.Release(job, blame);
  if (std::string trouble = run.TakeTrouble(); !trouble.empty()) Note(id.first, std::move(trouble));
}

void Dispatcher::ReleaseLeasesOf(const std::function<bool(const std::string& key)>& dead) {
  for (auto& [id, run] : runs_) {
    for (LiveJob* job : run.AllLeased()) {
      const std::string holder = job->row.worker();
      if (!dead(holder)) continue;
      shares_.Forget(holder);
      ReleaseLease(run, *job, Blame::kNone);
    }
    CommitDirty(run);
  }
}

const std::vector<std::string>& Dispatcher::Connected() {
  if (!connected_fresh_) {
    connected_.clear();
    for (const auto& [key, route] : route_of_key_) connected_.push_back(key);
    connected_fresh_ = true;
  }
  return connected_;
}

Result<const std::vector<Address>*> Dispatcher::TargetsOf(const RunState& run, const LiveJob& job) {
  static const std::vector<Address> kNone;
  const JobRow& row = job.row;
  if (RunState::IsKnocking(row)) return &kNone;
  const std::pair<uint32_t, uint32_t> id{run.run().id(), row.id()};
  const auto known = grab_targets_.find(id);
  if (known != grab_targets_.end()) return &known->second;
  std::vector<Address> targets;
  if (row.kind() == JobRow::AUDIT_GRAB) {
    for (const proto::AuditHost& host : row.audit().hosts()) {
      targets.push_back(Address::FromBytes(host.address()).value_or(Address()));
    }
  } else if (row.kind() != JobRow::GRAB_TARGETS) {
    HARK_ASSIGN_OR_RETURN(
        targets, address_source_(run.run().id(), row.revisit_list(), row.base(), row.end()));
  } else {
    for (uint64_t i = row.base(); i < row.end(); ++i) targets.push_back(run.TargetAt(i));
  }
  return &(grab_targets_[id] = std::move(targets));
}

// Whether it can do this one; if not, the lease is given back.
bool Dispatcher::FitsWorker(const Session& session, RunState& run, LiveJob& job) {
  const Result<const std::vector<Address>*> targets = TargetsOf(run, job);
  if (!targets.ok()) {
    LogError("coordinator", targets.status().message());
    ReleaseLease(run, job, Blame::kNone);
    return false;
  }
  const bool no_ipv6 = session.capabilities.ipv6() == proto::Capabilities::FAILS;
  if (no_ipv6 && std::any_of((*targets)->begin(), (*targets)->end(),
                             [](const Address& address) { return !address.is_v4(); })) {
    job.barred.insert(session.key);
    ReleaseLease(run, job, Blame::kNone);
    return false;
  }
  return true;
}

// The lease counts from now, with the exclusions of now. False: its targets cannot be read.
bool Dispatcher::SendJob(Session& session, RunState& run, LiveJob& job, MonoTime now) {
  const JobRow& row = job.row;
  const Result<const std::vector<Address>*> found = TargetsOf(run, job);
  if (!found.ok()) return false;
  const std::vector<Address>& targets = **found;
  job.deadline = now + options_.lease;
  job.leased_at = job.progress_at = now;
  job.exclusions_version = exclusions_version_;
  proto::Job& out = *Say(session.route, session.id).mutable_job();
  out.set_run(run.run().id());
  out.set_job(row.id());
  *out.mutable_token() = row.token();
  out.set_kind(RunState::IsKnocking(row) ? proto::Job::SWEEP : proto::Job::GRAB);
  out.set_target_set(run.run().target_set());
  out.set_target_set_size(run.run().planned());
  out.set_seed(run.permutation_key());
  out.set_cursor(row.cursor());
  out.set_end(row.end());
  for (uint64_t i = row.cursor(); i < row.end() && !targets.empty(); ++i) {
    out.add_targets(std::string(targets[i - row.base()].bytes()));
  }
  *out.mutable_ports() = row.kind() == JobRow::GRAB_REVISITS ? row.ports() : run.run().ports();
  out.set_gate_port(run.run().gate_port());
  out.set_lease_ms(static_cast<uint32_t>(ToMillis(options_.lease)));
  *out.mutable_policy() = run.run().policy();
  *out.mutable_exclusions() = run.run().exclusions();
  if (session.knows_orders()) {
    out.set_exclusions_version(exclusions_version_);
    // Only for those who need it: it is long.
    if (run.run().settings().per_as() > 0) {
      out.set_as_table(infos_.at(run.run().id()).as_table_hash);
    }
  } else {
    for (size_t i = 0; i < encoded_opt_outs_.size(); i += kRangeBytes) {
      out.add_exclusions(encoded_opt_outs_.substr(i, kRangeBytes));
    }
  }
  return true;
}

void Dispatcher::OnTargetSetGet(Session& session, const proto::TargetSetGet& get) {
  const auto set = content_.find(get.hash());
  proto::TargetSetChunk& chunk = *Say(session.route, session.id).mutable_target_set_chunk();
  chunk.set_hash(get.hash());
  chunk.set_offset(get.offset());
  if (set == content_.end()) return;  // total 0: not known here
  chunk.set_total(set->second.size());
  if (get.offset() < set->second.size()) {
    chunk.set_data(set->second.substr(get.offset(), kTargetChunkBytes));
  }
}

void Dispatcher::OnRelease(Session& session, const proto::Release& release) {
  LiveJob* job = HeldBy(session.key, release.run(), release.job(), release.token());
  if (job == nullptr || job->row.state() != JobRow::LEASED) return;
  LogInfo("coordinator", StrCat("worker ", session.name, " gives job ", release.job(), " back (",
                                static_cast<int>(release.reason()),
                                "): ", EscapeForDisplay(release.detail().substr(0, 200))));
  // A worker that can say so is not dead of a target, whatever ails it.
  ReleaseLease(*MutableRun(release.run()), *job, Blame::kNone);
}

// A run that was cancelled has no leases any more; what came before that is still written.
void Dispatcher::FinishRuns(MonoTime now, int64_t unix_ms) {
  for (auto& [id, run] : runs_) {
    if (run.run().state() == proto::RunRow::DONE) continue;
    if (!run.AllDone() && !run.run().settings().cancelled()) continue;
    const auto writing = in_flight_of_run_.find(id);
    if (writing != in_flight_of_run_.end() && writing->second > 0) continue;
    run.MarkDone(unix_ms);
    const uint64_t ticket = next_ticket_++;
    finish_tickets_[ticket] = id;
    CommitRun(run, ticket);
    Review(run, unix_ms);
    OrdersChanged(now);
  }
}

}  // namespace hark

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "coordinator/dispatcher.h"
#include "coordinator/run_settings.h"

// What there is to tell of runs, jobs and workers. Nothing here changes anything.

namespace hark {
namespace {

using proto::JobRow;

constexpr uint32_t kMaxJobsTold = 10'000;
constexpr char kNobody[] = "a worker that has gone";

// "12 s", "3 min", "2 h", "4 d".
std::string Long(Duration duration) {
  const int64_t seconds = std::max<int64_t>(0, ToMillis(duration)) / 1000;
  if (seconds < 120) return StrCat(seconds, " s");
  if (seconds < 7200) return StrCat(seconds / 60, " min");
  if (seconds < 48 * 3600) return StrCat(seconds / 3600, " h");
  return StrCat(seconds / (24 * 3600), " d");
}

int64_t MillisUntil(MonoTime then, MonoTime now) {
  return then == kNever ? -1 : std::max<int64_t>(0, ToMillis(then - now));
}

}  // namespace

std::string Dispatcher::NameOf(const std::string& key) const {
  const auto it = records_.find(key);
  return it == records_.end() || it->second.name.empty() ? HexEncode(key.substr(0, 4))
                                                         : it->second.name;
}

proto::FleetStatus Dispatcher::FleetView(const proto::GetStatus& what, MonoTime now,
                                         int64_t unix_ms) const {
  proto::FleetStatus status;
  status.set_unix_ms(unix_ms);
  status.set_epoch(options_.epoch);
  status.set_orders_version(orders_version_);
  status.set_exclusions_version(exclusions_version_);
  status.set_probes_per_second(shares_.ceiling());
  status.set_unacked_bytes(unacked_bytes_);
  status.set_pressure(pressure_);
  status.set_last_error(last_error_.what);
  status.set_last_error_unix_ms(last_error_.unix_ms);
  for (const auto& [id, run] : runs_) {
    const RunInfo& info = infos_.at(id);
    const bool asked =
        what.run().empty() ? info.mode != RunMode::kDone : what.run() == run.run().name();
    if (!asked) continue;
    FillRun(run, info, std::min(what.max_jobs(), kMaxJobsTold), now, unix_ms, status.add_runs());
  }
  for (const auto& [key, record] : records_) {
    const Session* session = SessionOf(key);
    if (session == nullptr && record.name.empty()) continue;  // never let in
    proto::WorkerStatus& worker = *status.add_workers();
    worker.set_key(key);
    worker.set_name(record.name);
    worker.set_draining(draining_.contains(key));
    worker.set_quarantined(record.strikes >= kMaxStrikes);
    worker.set_strikes(static_cast<uint32_t>(record.strikes));
    worker.set_last_strike(record.last_strike);
    worker.set_hosts_merged(record.hosts_merged);
    worker.set_last_heard_ms(MillisUntil(now, record.last_heard));
    for (const auto& [id, run] : runs_) {
      worker.set_jobs(worker.jobs() + static_cast<uint32_t>(run.LeasesOf(key)));
      const auto audits = run.audits_of().find(key);
      if (audits == run.audits_of().end()) continue;
      worker.set_audited(worker.audited() + audits->second.audited);
      worker.set_disagreed(worker.disagreed() + audits->second.disagreed);
    }
    if (session != nullptr) FillWorker(*session, now, &worker);
  }
  return status;
}

void Dispatcher::FillWorker(const Session& session, MonoTime now,
                            proto::WorkerStatus* status) const {
  status->set_connected(true);
  status->set_region(session.region);
  status->set_provider(session.provider);
  status->set_software(session.software);
  *status->mutable_capabilities() = session.capabilities;
  status->set_rate_granted(GrantedPps(session.key));
  status->set_rate_applied(session.load.applied_pps());
  *status->mutable_load() = session.load;
  status->set_clock_offset_ms(session.clock_offset_ms);
  status->set_last_heard_ms(ToMillis(now - session.last_heard));
  status->set_orders_version(session.obeyed_version);
  status->set_exclusions_version(session.exclusions_obeyed);
}

void Dispatcher::FillRun(const RunState& run, const RunInfo& info, uint32_t max_jobs, MonoTime now,
                         int64_t unix_ms, proto::RunStatus* status) const {
  const proto::RunRow& row = run.run();
  const RunState::Totals totals = run.Sum();
  status->set_id(row.id());
  status->set_name(row.name());
  status->set_country(row.country());
  *status->mutable_settings() = row.settings();
  status->set_planned(totals.planned);
  status->set_covered(totals.covered);
  status->set_listeners(totals.listeners);
  status->set_visited(totals.visited);
  status->set_quarantined(totals.quarantined);
  status->set_ledger_error(run.LedgerError());
  *status->mutable_sweep() = totals.sweep;
  status->set_jobs_pending(totals.pending);
  status->set_jobs_leased(totals.leased);
  status->set_jobs_done(totals.done);
  status->set_audited(run.audits().findings.audited);
  status->set_disagreed(run.audits().findings.disagreed);
  status->set_revisits_waiting(totals.revisits_waiting);
  status->set_next_revisit_ms(totals.revisits_waiting == 0 ? -1
                                                           : MillisUntil(totals.next_revisit, now));
  status->set_rate_ceiling(shares_.TargetOf(row.id()));
  for (const auto& [route, session] : sessions_) {
    const RateShares::Shares& shares = shares_.Granted(session.key);
    const auto share = shares.find(row.id());
    if (share != shares.end()) status->set_rate_granted(status->rate_granted() + share->second.pps);
    if (MayServe(session, run)) status->set_workers(status->workers() + 1);
  }
  status->set_created_unix_ms(row.created_unix_ms());
  status->set_finished_unix_ms(row.finished_unix_ms());
  status->set_last_error(info.last_error.what);
  status->set_last_error_unix_ms(info.last_error.unix_ms);
  for (const uint64_t count : info.outcomes) status->add_outcomes(count);
  status->set_adapts(row.policy().adapt());
  status->set_rate_adapted(info.adapter.limit());
  status->set_loss(info.adapter.loss());
  switch (info.mode) {
    case RunMode::kOpen:
      status->set_state(proto::RunStatus::OPEN);
      break;
    case RunMode::kPaused:
      status->set_state(proto::RunStatus::PAUSED);
      break;
    case RunMode::kClosed:
      status->set_state(proto::RunStatus::OUTSIDE_WINDOW);
      status->set_window_opens_ms(
          ToMillis(ClosedFor(row.settings(), unix_ms).value_or(Duration(0))));
      break;
    case RunMode::kCancelling:
      status->set_state(proto::RunStatus::CANCELLING);
      break;
    case RunMode::kDone:
      status->set_state(row.settings().cancelled() ? proto::RunStatus::CANCELLED
                                                   : proto::RunStatus::DONE);
      break;
  }
  status->set_eta_ms(info.mode == RunMode::kOpen ? EtaMillis(totals, run, info) : -1);
  FillJobs(run, info, max_jobs, now, unix_ms, status);
}

void Dispatcher::FillJobs(const RunState& run, const RunInfo& info, uint32_t max_jobs, MonoTime now,
                          int64_t unix_ms, proto::RunStatus* status) const {
  status->set_oldest_lease_ms(-1);
  const std::vector<const LiveJob*> jobs = run.OpenJobs();
  if (!jobs.empty() && jobs[0]->row.state() == JobRow::LEASED) {
    status->set_oldest_lease_ms(ToMillis(now - jobs[0]->leased_at));
  }
  for (size_t i = 0; i < std::min<size_t>(jobs.size(), max_jobs); ++i) {
    const LiveJob& job = *jobs[i];
    proto::JobStatus& row = *status->add_jobs();
    row.set_id(job.row.id());
    row.set_kind(job.row.kind());
    row.set_base(job.row.base());
    row.set_end(job.row.end());
    row.set_cursor(job.row.cursor());
    row.set_no_progress(job.row.no_progress());
    row.set_suspect(job.row.suspect());
    row.set_why(WhyOpen(run, info, job, now, unix_ms));
    if (job.row.state() != JobRow::LEASED) continue;
    row.set_worker(NameOf(job.row.worker()));
    row.set_lease_age_ms(ToMillis(now - job.leased_at));
    row.set_lease_left_ms(MillisUntil(job.deadline, now));
  }
}

std::string Dispatcher::WhyOpen(const RunState& run, const RunInfo& info, const LiveJob& job,
                                MonoTime now, int64_t unix_ms) const {
  std::string held;
  if (unsent_.Has({run.run().id(), job.row.id()})) {
    held =
        StrCat("leased to ", NameOf(job.row.worker()), ", which hears of it when that is written");
  } else if (job.row.state() == JobRow::LEASED) {
    const Session* holder = SessionOf(job.row.worker());
    held =
        StrCat("leased to ", holder == nullptr ? std::string(kNobody) : holder->name, " for ",
               Long(now - job.leased_at), ", at ", WithThousands(job.row.cursor() - job.row.base()),
               " of ", WithThousands(job.row.end() - job.row.base()));
    held += holder == nullptr ? StrCat(", its lease ends in ", Long(job.deadline - now))
                              : StrCat(", heard ", Long(now - holder->last_heard), " ago");
  }
  switch (info.mode) {
    case RunMode::kOpen:
    case RunMode::kDone:
      return held.empty() ? WhyPending(run, job, now) : held;
    case RunMode::kPaused:
      return held.empty() ? "run is paused" : "run is paused; " + held;
    case RunMode::kCancelling:
      return "run is cancelled";
    case RunMode::kClosed: {
      const Duration closed = ClosedFor(run.run().settings(), unix_ms).value_or(Duration(0));
      const std::string why = StrCat("outside its window, opens in ", Long(closed));
      return held.empty() ? why : StrCat(why, "; ", held);
    }
  }
  return held;
}

std::string Dispatcher::WhyPending(const RunState& run, const LiveJob& job, MonoTime now) const {
  if (!pressure_.empty()) return StrCat("nothing is given out: ", pressure_);
  if (sessions_.empty()) return "waits for a worker to connect";
  const char* why_not = nullptr;
  bool barred = false, anybody = false;
  for (const auto& [route, session] : sessions_) {
    const char* why = WhyNot(session, run);
    if (why == nullptr && job.barred.contains(session.key)) {
      barred = true;
    } else if (why == nullptr) {
      anybody = true;
    } else {
      why_not = why;
    }
  }
  if (!anybody && barred) return "waits for another worker: with those there are it stood still";
  if (!anybody)
    return StrCat("waits for a worker that may work on it: of each there is, ", why_not);
  if (job.row.kind() == JobRow::GRAB_REVISITS && job.rests_until && *job.rests_until > now) {
    return "rests until its hosts may be visited again";
  }
  if (RunState::IsAudit(job.row)) {
    return StrCat("waits for another worker to audit what ", NameOf(job.row.audit().worker()),
                  " found");
  }
  if (job.row.suspect()) return "waits for a worker that holds nothing else";
  return "waits for a worker to ask for it";
}

// By what was done in the last minutes. Hosts still to be found are guessed from those found.
int64_t Dispatcher::EtaMillis(const RunState::Totals& totals, const RunState& run,
                              const RunInfo& info) const {
  if (info.samples.size() < 2) return -1;
  const RunInfo::Sample& first = info.samples.front();
  const RunInfo::Sample& last = info.samples.back();
  const auto seconds = std::chrono::duration<double>(last.at - first.at).count();
  const auto time_for = [&](double left, uint64_t from, uint64_t to) {
    if (left <= 0) return 0.0;
    return to > from ? left * seconds / static_cast<double>(to - from) : kUnlimited;
  };
  const auto planned = static_cast<double>(totals.planned);
  const auto covered = static_cast<double>(totals.covered);
  double needed = time_for(planned - covered, first.covered, last.covered);
  if (run.run().gate_port() != 0 && covered > 0) {
    const double listeners = static_cast<double>(totals.listeners) * planned / covered;
    const double left = listeners - static_cast<double>(totals.visited);
    if (left >= 1) needed = std::max(needed, time_for(left, first.visited, last.visited));
  }
  return std::isfinite(needed) ? static_cast<int64_t>(needed * 1000) : -1;
}

}  // namespace hark

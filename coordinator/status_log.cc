#include "coordinator/status_log.h"

#include <limits>
#include <utility>

#include "base/log.h"
#include "coordinator/status_words.h"

namespace hark {
namespace {

using proto::FleetStatus;
using proto::RunStatus;
using proto::WorkerStatus;

constexpr char kModule[] = "coordinator/status";

double Seconds(int64_t ms) {
  return static_cast<double>(ms) / 1000;
}

void LogFleet(const FleetStatus& status) {
  int connected = 0;
  for (const WorkerStatus& worker : status.workers()) connected += worker.connected() ? 1 : 0;
  LogEvent(LogLevel::kInfo, kModule, "fleet",
           {{"epoch", status.epoch()},
            {"uptime_seconds", Seconds(status.uptime_ms())},
            {"runs", status.runs_size()},
            {"workers", connected},
            {"rate_ceiling", status.probes_per_second()},
            {"orders_version", status.orders_version()},
            {"exclusions_version", status.exclusions_version()},
            {"commits_waiting", status.commits_waiting()},
            {"unacked_bytes", status.unacked_bytes()},
            {"pressure", status.pressure()}});
}

// A time that is not known is -1 in a status; in the log it is null.
double SecondsOrNull(int64_t ms) {
  return ms < 0 ? std::numeric_limits<double>::quiet_NaN() : Seconds(ms);
}

void LogRun(const RunStatus& run) {
  LogEvent(LogLevel::kInfo, kModule, "run",
           {{"run", run.name()},
            {"state", RunStateName(run.state())},
            {"planned", run.planned()},
            {"covered", run.covered()},
            {"listeners", run.listeners()},
            {"visited", run.visited()},
            {"rate_ceiling", run.rate_ceiling()},
            {"rate_granted", run.rate_granted()},
            {"rate_adapted", run.rate_adapted()},
            {"loss", run.adapts() && run.loss() >= 0 ? run.loss()
                                                     : std::numeric_limits<double>::quiet_NaN()},
            {"eta_seconds", SecondsOrNull(run.eta_ms())},
            {"workers", run.workers()},
            {"jobs_pending", run.jobs_pending()},
            {"jobs_leased", run.jobs_leased()},
            {"jobs_done", run.jobs_done()},
            {"oldest_lease_seconds", SecondsOrNull(run.oldest_lease_ms())},
            {"revisits_waiting", run.revisits_waiting()},
            {"quarantined", run.quarantined()},
            {"audited", run.audited()},
            {"disagreed", run.disagreed()}});
}

void LogWorker(const WorkerStatus& worker) {
  const proto::WorkerLoad& load = worker.load();
  const std::string key = WorkerKeyText(worker.key());
  LogEvent(LogLevel::kInfo, kModule, "worker",
           {{"worker", worker.name()},
            {"key", key},
            {"connected", worker.connected()},
            {"rate_granted", worker.rate_granted()},
            {"rate_applied", worker.rate_applied()},
            {"jobs", worker.jobs()},
            {"in_flight", load.in_flight()},
            {"spool_bytes", load.spool_bytes()},
            {"rss_bytes", load.rss_bytes()},
            {"clock_offset_seconds", Seconds(worker.clock_offset_ms())},
            {"last_heard_seconds", Seconds(worker.last_heard_ms())},
            {"strikes", worker.strikes()},
            {"orders_version", worker.orders_version()},
            {"exclusions_version", worker.exclusions_version()},
            {"hosts_merged", worker.hosts_merged()},
            {"audited", worker.audited()},
            {"disagreed", worker.disagreed()}});
}

}  // namespace

void LogFleetStatus(const FleetStatus& status) {
  if (!LogEnabled(LogLevel::kInfo)) return;
  LogFleet(status);
  for (const RunStatus& run : status.runs()) LogRun(run);
  for (const WorkerStatus& worker : status.workers()) LogWorker(worker);
}

void StatusLog::Note(const FleetStatus& status, MonoTime now) {
  NoteFleet(status);
  NoteRuns(status);
  NoteWorkers(status);
  if (first_ || now - told_ >= kStatusLogEvery) {
    told_ = now;
    LogFleetStatus(status);
  }
  first_ = false;
}

void StatusLog::NoteFleet(const FleetStatus& status) {
  if (status.pressure() != pressure_) {
    if (status.pressure().empty()) {
      LogEvent(LogLevel::kWarning, kModule, "credit is given again", {});
    } else {
      LogEvent(LogLevel::kWarning, kModule, "no credit is given", {{"why", status.pressure()}});
    }
    pressure_ = status.pressure();
  }
  if (status.last_error_unix_ms() != error_unix_ms_) {
    error_unix_ms_ = status.last_error_unix_ms();
    if (!first_) LogEvent(LogLevel::kWarning, kModule, "failed", {{"why", status.last_error()}});
  }
}

void StatusLog::NoteRuns(const FleetStatus& status) {
  std::map<uint32_t, RunStatus::State> states;
  for (const RunStatus& run : status.runs()) {
    states[run.id()] = run.state();
    const auto before = states_.find(run.id());
    if (first_ || (before != states_.end() && before->second == run.state())) continue;
    LogEvent(LogLevel::kInfo, kModule, "run changed its state",
             {{"run", run.name()},
              {"was", before == states_.end() ? "" : RunStateName(before->second)},
              {"state", RunStateName(run.state())}});
  }
  states_ = std::move(states);
}

void StatusLog::NoteWorkers(const FleetStatus& status) {
  std::map<std::string, bool> connected;
  for (const WorkerStatus& worker : status.workers()) {
    connected[worker.key()] = worker.connected();
    const auto before = connected_.find(worker.key());
    const bool was = before != connected_.end() && before->second;
    if (first_ || was == worker.connected()) continue;
    const std::string key = WorkerKeyText(worker.key());
    LogEvent(LogLevel::kInfo, kModule, worker.connected() ? "worker came" : "worker went",
             {{"worker", worker.name()}, {"key", key}, {"jobs", worker.jobs()}});
  }
  connected_ = std::move(connected);
}

}  // namespace hark

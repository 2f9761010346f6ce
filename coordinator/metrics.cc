#include "coordinator/metrics.h"

#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/outcome.h"
#include "base/strings.h"
#include "coordinator/status_words.h"

namespace hark {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using proto::FleetStatus;
using proto::RunStatus;
using proto::WorkerStatus;
using Labels = std::vector<ClientMetric::Label>;
using Value = std::optional<double>;

// Families in the order of their first sample.
class Families {
 public:
  void Add(const char* name, const char* help, MetricType type, Labels labels, Value value) {
    if (!value || !std::isfinite(*value)) return;
    auto [it, fresh] = at_.try_emplace(name, families_.size());
    if (fresh) families_.push_back({name, help, type, {}});
    ClientMetric sample;
    sample.label = std::move(labels);
    (type == MetricType::Counter ? sample.counter.value : sample.gauge.value) = *value;
    families_[it->second].metric.push_back(std::move(sample));
  }

  std::vector<MetricFamily> Take() { return std::move(families_); }

 private:
  std::vector<MetricFamily> families_;
  std::map<std::string_view, size_t> at_;  // by name: literals
};

// One family with a sample a run, a worker or a fleet.
template <typename T>
struct Row {
  const char* name;
  const char* help;
  MetricType type;
  Value (*value)(const T&);
};

template <typename T, size_t n>
void AddRows(const Row<T> (&rows)[n], const T& of, const Labels& labels, Families& out) {
  for (const Row<T>& row : rows) out.Add(row.name, row.help, row.type, labels, row.value(of));
}

template <typename N>
Value Number(N n) {
  return static_cast<double>(n);
}
Value Seconds(int64_t ms) {
  return static_cast<double>(ms) / 1000;
}
// -1 = there is none.
Value SecondsOrNone(int64_t ms) {
  return ms < 0 ? std::nullopt : Seconds(ms);
}
// 0 = it has not come.
Value TimeOrNone(int64_t unix_ms) {
  return unix_ms == 0 ? std::nullopt : Seconds(unix_ms);
}

constexpr MetricType kGauge = MetricType::Gauge;
constexpr MetricType kCounter = MetricType::Counter;

constexpr Row<FleetStatus> kFleetRows[] = {
    {"hark_status_timestamp_seconds", "When these numbers were taken, Unix time.", kGauge,
     [](const FleetStatus& s) { return TimeOrNone(s.unix_ms()); }},
    {"hark_fleet_epoch", "Starts of the coordinator on this store.", kGauge,
     [](const FleetStatus& s) { return Number(s.epoch()); }},
    {"hark_fleet_uptime_seconds", "How long the coordinator is up.", kGauge,
     [](const FleetStatus& s) { return Seconds(s.uptime_ms()); }},
    {"hark_fleet_orders_version", "Version of the orders in force.", kGauge,
     [](const FleetStatus& s) { return Number(s.orders_version()); }},
    {"hark_fleet_exclusions_version", "Version of the opt-outs in force.", kGauge,
     [](const FleetStatus& s) { return Number(s.exclusions_version()); }},
    {"hark_fleet_rate_ceiling", "Probes per second of all runs together, at most.", kGauge,
     [](const FleetStatus& s) { return Number(s.probes_per_second()); }},
    {"hark_fleet_pressure", "1 while no credit is given because the store cannot keep up.", kGauge,
     [](const FleetStatus& s) { return Number(!s.pressure().empty()); }},
    {"hark_fleet_last_error_timestamp_seconds", "When something last failed, Unix time.", kGauge,
     [](const FleetStatus& s) { return TimeOrNone(s.last_error_unix_ms()); }},
    {"hark_commit_queue", "Batches that wait to be written.", kGauge,
     [](const FleetStatus& s) { return Number(s.commits_waiting()); }},
    {"hark_commit_unacked_bytes", "Bytes taken from workers and not yet durable.", kGauge,
     [](const FleetStatus& s) { return Number(s.unacked_bytes()); }},
};

constexpr Row<RunStatus> kRunRows[] = {
    {"hark_run_targets_planned", "Targets of the plan.", kGauge,
     [](const RunStatus& r) { return Number(r.planned()); }},
    {"hark_run_targets_covered", "Targets of the plan that are done with, durably.", kGauge,
     [](const RunStatus& r) { return Number(r.covered()); }},
    {"hark_run_targets_quarantined", "Targets left out because they stop every worker.", kGauge,
     [](const RunStatus& r) { return Number(r.quarantined()); }},
    {"hark_run_listeners", "Targets that answered on the gate port.", kGauge,
     [](const RunStatus& r) { return Number(r.listeners()); }},
    {"hark_run_visited", "Listeners visited; without a gate, targets.", kGauge,
     [](const RunStatus& r) { return Number(r.visited()); }},
    {"hark_run_rate_ceiling", "Probes per second it may send now.", kGauge,
     [](const RunStatus& r) { return Number(r.rate_ceiling()); }},
    {"hark_run_rate_granted", "Probes per second its workers may send together.", kGauge,
     [](const RunStatus& r) { return Number(r.rate_granted()); }},
    {"hark_run_rate_adapted", "Probes per second that --adapt has slowed it to; 0: not slowed.",
     kGauge,
     [](const RunStatus& r) { return r.adapts() ? Number(r.rate_adapted()) : std::nullopt; }},
    {"hark_run_loss_ratio", "Of its listeners, those that did not answer at first.", kGauge,
     [](const RunStatus& r) {
       return r.adapts() && r.loss() >= 0 ? Number(r.loss()) : std::nullopt;
     }},
    {"hark_run_eta_seconds", "Until it is done, at the present pace.", kGauge,
     [](const RunStatus& r) { return SecondsOrNone(r.eta_ms()); }},
    {"hark_run_workers", "Connected workers that may work on it.", kGauge,
     [](const RunStatus& r) { return Number(r.workers()); }},
    {"hark_run_oldest_lease_seconds", "Age of its oldest lease.", kGauge,
     [](const RunStatus& r) { return SecondsOrNone(r.oldest_lease_ms()); }},
    {"hark_run_revisits_waiting", "Throttled hosts to be visited again.", kGauge,
     [](const RunStatus& r) { return Number(r.revisits_waiting()); }},
    {"hark_run_next_revisit_seconds", "Until the first of them is due.", kGauge,
     [](const RunStatus& r) { return SecondsOrNone(r.next_revisit_ms()); }},
    {"hark_run_window_opens_seconds", "Until it may probe again.", kGauge,
     [](const RunStatus& r) {
       return r.state() == RunStatus::OUTSIDE_WINDOW ? Seconds(r.window_opens_ms()) : std::nullopt;
     }},
    {"hark_run_audited_targets_total", "Findings that were asked for twice.", kCounter,
     [](const RunStatus& r) { return Number(r.audited()); }},
    {"hark_run_audit_disagreements_total", "Of these, those with another result.", kCounter,
     [](const RunStatus& r) { return Number(r.disagreed()); }},
    {"hark_run_created_timestamp_seconds", "When it was planned, Unix time.", kGauge,
     [](const RunStatus& r) { return TimeOrNone(r.created_unix_ms()); }},
    {"hark_run_last_error_timestamp_seconds", "When something of it last failed, Unix time.",
     kGauge, [](const RunStatus& r) { return TimeOrNone(r.last_error_unix_ms()); }},
};

// Of every worker that is known, connected or not.
constexpr Row<WorkerStatus> kWorkerRows[] = {
    {"hark_worker_up", "1 while it is connected.", kGauge,
     [](const WorkerStatus& w) { return Number(w.connected()); }},
    {"hark_worker_draining", "1 while it gets no new jobs.", kGauge,
     [](const WorkerStatus& w) { return Number(w.draining()); }},
    {"hark_worker_quarantined", "1 until an operator has looked at its strikes.", kGauge,
     [](const WorkerStatus& w) { return Number(w.quarantined()); }},
    {"hark_worker_strikes", "Violations counted against it.", kGauge,
     [](const WorkerStatus& w) { return Number(w.strikes()); }},
    {"hark_worker_last_heard_seconds", "Since its last message.", kGauge,
     [](const WorkerStatus& w) { return Seconds(w.last_heard_ms()); }},
    {"hark_worker_hosts_merged_total", "Hosts of its batches that are durable.", kCounter,
     [](const WorkerStatus& w) { return Number(w.hosts_merged()); }},
    {"hark_worker_audited_targets_total", "Findings on which it was compared with another.",
     kCounter, [](const WorkerStatus& w) { return Number(w.audited()); }},
    {"hark_worker_audit_disagreements_total", "Of these, those with another result.", kCounter,
     [](const WorkerStatus& w) { return Number(w.disagreed()); }},
};

// Of those that are connected: what one last said before it left is not what it does now.
constexpr Row<WorkerStatus> kLiveRows[] = {
    {"hark_worker_rate_granted", "Probes per second it may send.", kGauge,
     [](const WorkerStatus& w) { return Number(w.rate_granted()); }},
    {"hark_worker_rate_applied", "Probes per second it says it obeys.", kGauge,
     [](const WorkerStatus& w) { return Number(w.rate_applied()); }},
    {"hark_worker_jobs", "Jobs it holds.", kGauge,
     [](const WorkerStatus& w) { return Number(w.jobs()); }},
    {"hark_worker_in_flight", "Conversations under way.", kGauge,
     [](const WorkerStatus& w) { return Number(w.load().in_flight()); }},
    {"hark_worker_probes_sent_total", "Connection attempts since it started.", kCounter,
     [](const WorkerStatus& w) { return Number(w.load().probes_sent()); }},
    {"hark_worker_hosts_grabbed_total", "Hosts visited since it started.", kCounter,
     [](const WorkerStatus& w) { return Number(w.load().hosts_grabbed()); }},
    {"hark_worker_spool_bytes", "Batches not yet acknowledged.", kGauge,
     [](const WorkerStatus& w) { return Number(w.load().spool_bytes()); }},
    {"hark_worker_spool_free_bytes", "Room left for more of them.", kGauge,
     [](const WorkerStatus& w) { return Number(w.load().spool_free_bytes()); }},
    {"hark_worker_rss_bytes", "Memory it uses.", kGauge,
     [](const WorkerStatus& w) { return Number(w.load().rss_bytes()); }},
    {"hark_worker_clock_offset_seconds", "The coordinator's clock less its own.", kGauge,
     [](const WorkerStatus& w) { return Seconds(w.clock_offset_ms()); }},
    {"hark_worker_orders_version", "Version of the orders it obeys.", kGauge,
     [](const WorkerStatus& w) { return Number(w.orders_version()); }},
    {"hark_worker_exclusions_version", "Version of the opt-outs it obeys.", kGauge,
     [](const WorkerStatus& w) { return Number(w.exclusions_version()); }},
};

Labels With(Labels labels, const char* name, std::string value) {
  labels.push_back({name, std::move(value)});
  return labels;
}

constexpr RunStatus::State kStates[] = {
    RunStatus::OPEN,       RunStatus::PAUSED,    RunStatus::OUTSIDE_WINDOW,
    RunStatus::CANCELLING, RunStatus::CANCELLED, RunStatus::DONE,
};

void AddRunStates(const RunStatus& run, const Labels& labels, Families& out) {
  for (const RunStatus::State state : kStates) {
    out.Add("hark_run_state", "1 for the state it is in, 0 for the others.", kGauge,
            With(labels, "state", std::string(RunStateName(state))), Number(run.state() == state));
  }
  const std::pair<const char*, uint32_t> jobs[] = {
      {"pending", run.jobs_pending()}, {"leased", run.jobs_leased()}, {"done", run.jobs_done()}};
  for (const auto& [state, count] : jobs) {
    out.Add("hark_run_jobs", "Jobs, by state.", kGauge, With(labels, "state", state),
            Number(count));
  }
}

void AddVerdicts(const RunStatus& run, const Labels& labels, Families& out) {
  const proto::Tally& sweep = run.sweep();
  const std::pair<const char*, uint64_t> verdicts[] = {
      {"excluded", sweep.excluded()}, {"silent", sweep.silent()},
      {"refused", sweep.refused()},   {"unreachable", sweep.unreachable()},
      {"answered", sweep.answered()}, {"throttled", sweep.throttled()},
      {"failed", sweep.failed()}};
  for (const auto& [verdict, count] : verdicts) {
    out.Add("hark_run_sweep_targets", "Targets of the sweep, by what became of them.", kGauge,
            With(labels, "verdict", verdict), Number(count));
  }
  for (int i = 0; i < run.outcomes_size() && i < kOutcomeCount; ++i) {
    out.Add("hark_run_outcomes_total", "Ports grabbed since the coordinator started, by outcome.",
            kCounter, With(labels, "outcome", std::string(OutcomeName(static_cast<Outcome>(i)))),
            Number(run.outcomes(i)));
  }
}

void AddRun(const RunStatus& run, Families& out) {
  const Labels labels = {{"run", EscapeForDisplay(run.name())}};
  out.Add("hark_run_info", "1; its labels say what the run is.", kGauge,
          With(labels, "country", EscapeForDisplay(run.country())), 1);
  AddRows(kRunRows, run, labels, out);
  out.Add("hark_run_weight", "Its part of the fleet, against other runs.", kGauge, labels,
          Number(std::max<uint32_t>(run.settings().weight(), 1)));
  AddRunStates(run, labels, out);
  AddVerdicts(run, labels, out);
}

void AddCapabilities(const WorkerStatus& worker, const Labels& labels, Families& out) {
  const proto::Capabilities& can = worker.capabilities();
  const std::pair<const char*, proto::Capabilities::Check> checks[] = {
      {"raw-sockets", can.raw_sockets()}, {"ipv4", can.ipv4()},   {"ipv6", can.ipv6()},
      {"outbound-25", can.outbound_25()}, {"clock", can.clock()},
  };
  for (const auto& [name, check] : checks) {
    if (check == proto::Capabilities::NOT_TESTED) continue;
    out.Add("hark_worker_capability", "1 if its self-test found it to work, 0 if it fails.", kGauge,
            With(labels, "capability", name), Number(check == proto::Capabilities::WORKS));
  }
}

void AddWorker(const WorkerStatus& worker, Families& out) {
  // Names are the workers' own and may be equal; keys are not.
  const std::string key = WorkerKeyText(worker.key());
  const Labels labels = {{"worker", EscapeForDisplay(worker.name())}, {"key", key}};
  out.Add("hark_worker_info", "1; its labels say what the worker is.", kGauge,
          With(With(With(labels, "region", EscapeForDisplay(worker.region())), "provider",
                    EscapeForDisplay(worker.provider())),
               "software", EscapeForDisplay(worker.software())),
          1);
  AddRows(kWorkerRows, worker, labels, out);
  if (!worker.connected()) return;
  AddRows(kLiveRows, worker, labels, out);
  AddCapabilities(worker, labels, out);
}

}  // namespace

std::vector<MetricFamily> FleetMetrics(const FleetStatus& status) {
  Families out;
  out.Add("hark_build_info", "1; its label says which hark this is.", kGauge,
          {{"version", HARK_VERSION}}, 1);
  AddRows(kFleetRows, status, {}, out);
  std::set<std::string_view> runs, keys;  // whose samples would be equal to others
  for (const RunStatus& run : status.runs()) {
    if (runs.insert(run.name()).second) AddRun(run, out);
  }
  for (const WorkerStatus& worker : status.workers()) {
    if (keys.insert(worker.key()).second) AddWorker(worker, out);
  }
  return out.Take();
}

}  // namespace hark

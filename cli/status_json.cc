#include "cli/status_json.h"

#include <string>

#include "base/outcome.h"
#include "base/strings.h"
#include "cli/render_text.h"
#include "coordinator/run_settings.h"
#include "coordinator/status_words.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

Json Text(const std::string& bytes) {
  return EscapeForDisplay(bytes);
}

Json Time(int64_t unix_ms) {
  return unix_ms == 0 ? Json() : Json(FormatUtc(unix_ms));
}

// -1 = there is none.
Json Seconds(int64_t ms) {
  return ms < 0 ? Json() : Json(static_cast<double>(ms) / 1000);
}

// 0 = none.
Json Ceiling(double rate) {
  return rate > 0 ? Json(rate) : Json();
}

template <typename Strings>
Json Texts(const Strings& strings) {
  Json out = Json::array();
  for (const std::string& one : strings) out.push_back(Text(one));
  return out;
}

Json Error(const std::string& text, int64_t unix_ms) {
  if (unix_ms == 0) return {};
  return {{"time", Time(unix_ms)}, {"text", Text(text)}};
}

Json SettingsJson(const proto::RunSettings& settings) {
  Json windows = Json::array();
  for (const proto::Window& window : settings.windows()) windows.push_back(WindowText(window));
  return {{"weight", std::max<uint32_t>(settings.weight(), 1)},
          {"probes_per_second", Ceiling(settings.probes_per_second())},
          {"per_prefix", Ceiling(settings.per_prefix())},
          {"per_as", Ceiling(settings.per_as())},
          {"only", Texts(settings.only())},
          {"except", Texts(settings.except())},
          {"windows", windows},
          {"audit", settings.audit()}};
}

Json TallyJson(const proto::Tally& tally) {
  return {{"excluded", tally.excluded()}, {"silent", tally.silent()},
          {"refused", tally.refused()},   {"unreachable", tally.unreachable()},
          {"answered", tally.answered()}, {"throttled", tally.throttled()},
          {"failed", tally.failed()}};
}

Json OutcomesJson(const proto::RunStatus& run) {
  Json out = Json::object();
  for (int i = 0; i < run.outcomes_size() && i < kOutcomeCount; ++i) {
    out[std::string(OutcomeName(static_cast<Outcome>(i)))] = run.outcomes(i);
  }
  return out;
}

Json JobJson(const proto::JobStatus& job) {
  const bool held = !job.worker().empty();
  return {{"id", job.id()},
          {"kind", JobKindName(job.kind())},
          {"base", job.base()},
          {"end", job.end()},
          {"cursor", job.cursor()},
          {"why", Text(job.why())},
          {"worker", held ? Text(job.worker()) : Json()},
          {"lease_age_seconds", held ? Seconds(job.lease_age_ms()) : Json()},
          {"lease_left_seconds", held ? Seconds(job.lease_left_ms()) : Json()},
          {"given_back", job.no_progress()},
          {"suspect", job.suspect()}};
}

Json RunJson(const proto::RunStatus& run) {
  const bool shut = run.state() == proto::RunStatus::OUTSIDE_WINDOW;
  Json out = {{"id", run.id()},
              {"name", Text(run.name())},
              {"country", Text(run.country())},
              {"state", RunStateName(run.state())},
              {"created", Time(run.created_unix_ms())},
              {"finished", Time(run.finished_unix_ms())},
              {"settings", SettingsJson(run.settings())},
              {"planned", run.planned()},
              {"covered", run.covered()},
              {"listeners", run.listeners()},
              {"visited", run.visited()},
              {"quarantined", run.quarantined()},
              {"sweep", TallyJson(run.sweep())},
              {"outcomes", OutcomesJson(run)},
              {"rate_ceiling", run.rate_ceiling()},
              {"rate_granted", run.rate_granted()},
              {"rate_adapted", Ceiling(run.rate_adapted())},
              {"loss", run.adapts() && run.loss() >= 0 ? Json(run.loss()) : Json()},
              {"eta_seconds", Seconds(run.eta_ms())},
              {"window_opens_seconds", shut ? Seconds(run.window_opens_ms()) : Json()},
              {"workers", run.workers()},
              {"jobs_pending", run.jobs_pending()},
              {"jobs_leased", run.jobs_leased()},
              {"jobs_done", run.jobs_done()},
              {"oldest_lease_seconds", Seconds(run.oldest_lease_ms())},
              {"revisits_waiting", run.revisits_waiting()},
              {"next_revisit_seconds", Seconds(run.next_revisit_ms())},
              {"audited", run.audited()},
              {"disagreed", run.disagreed()},
              {"last_error", Error(run.last_error(), run.last_error_unix_ms())},
              {"ledger_error", run.ledger_error()},
              {"jobs", Json::array()}};
  for (const proto::JobStatus& job : run.jobs()) out["jobs"].push_back(JobJson(job));
  return out;
}

Json CapabilitiesJson(const proto::Capabilities& can) {
  Json out = {{"raw_sockets", CheckName(can.raw_sockets())},
              {"ipv4", CheckName(can.ipv4())},
              {"ipv6", CheckName(can.ipv6())},
              {"outbound_25", CheckName(can.outbound_25())},
              {"clock", CheckName(can.clock())},
              {"max_sockets", can.max_sockets()},
              {"memory_bytes", can.memory_bytes()},
              {"spool_bytes", can.spool_bytes()},
              {"preflight", Json::array()}};
  for (const proto::Preflight& test : can.preflight()) {
    out["preflight"].push_back({{"name", Text(test.name())},
                                {"result", PreflightName(test.result())},
                                {"detail", Text(test.detail())}});
  }
  return out;
}

Json LoadJson(const proto::WorkerStatus& worker) {
  if (!worker.connected()) return {};
  const proto::WorkerLoad& load = worker.load();
  return {{"rate_granted", worker.rate_granted()},
          {"rate_applied", worker.rate_applied()},
          {"jobs", worker.jobs()},
          {"in_flight", load.in_flight()},
          {"probes_sent", load.probes_sent()},
          {"hosts_grabbed", load.hosts_grabbed()},
          {"spool_bytes", load.spool_bytes()},
          {"spool_free_bytes", load.spool_free_bytes()},
          {"rss_bytes", load.rss_bytes()},
          {"clock_offset_seconds", static_cast<double>(worker.clock_offset_ms()) / 1000},
          {"orders_version", worker.orders_version()},
          {"exclusions_version", worker.exclusions_version()}};
}

Json WorkerJson(const proto::WorkerStatus& worker) {
  return {{"key", WorkerKeyText(worker.key())},
          {"name", Text(worker.name())},
          {"region", Text(worker.region())},
          {"provider", Text(worker.provider())},
          {"software", Text(worker.software())},
          {"connected", worker.connected()},
          {"draining", worker.draining()},
          {"quarantined", worker.quarantined()},
          {"strikes", worker.strikes()},
          {"last_strike", worker.strikes() == 0 ? Json() : Text(worker.last_strike())},
          {"last_heard_seconds", Seconds(worker.last_heard_ms())},
          {"hosts_merged", worker.hosts_merged()},
          {"audited", worker.audited()},
          {"disagreed", worker.disagreed()},
          {"capabilities", CapabilitiesJson(worker.capabilities())},
          {"load", LoadJson(worker)}};
}

}  // namespace

Json StatusJson(const proto::FleetStatus& status) {
  Json out = {{"time", Time(status.unix_ms())},
              {"epoch", status.epoch()},
              {"uptime_seconds", Seconds(status.uptime_ms())},
              {"orders_version", status.orders_version()},
              {"exclusions_version", status.exclusions_version()},
              {"rate_ceiling", status.probes_per_second()},
              {"commits_waiting", status.commits_waiting()},
              {"unacked_bytes", status.unacked_bytes()},
              {"pressure", status.pressure().empty() ? Json() : Text(status.pressure())},
              {"last_error", Error(status.last_error(), status.last_error_unix_ms())},
              {"runs", Json::array()},
              {"workers", Json::array()}};
  for (const proto::RunStatus& run : status.runs()) out["runs"].push_back(RunJson(run));
  for (const proto::WorkerStatus& worker : status.workers()) {
    out["workers"].push_back(WorkerJson(worker));
  }
  return out;
}

}  // namespace hark

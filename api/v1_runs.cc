#include "api/v1_runs.h"

#include <algorithm>

#include "analysis/coverage.h"
#include "analysis/json_text.h"
#include "base/strings.h"

namespace hark {
namespace {

Json TimeOrNull(int64_t unix_ms) {
  return unix_ms == 0 ? Json(nullptr) : Json(UtcText(unix_ms / 1000));
}

std::string_view StateName(const proto::RunRow& run) {
  if (run.state() == proto::RunRow::DONE) return run.settings().cancelled() ? "cancelled" : "done";
  if (run.settings().cancelled()) return "cancelling";
  return run.settings().paused() ? "paused" : "open";
}

Json RunJson(const proto::RunRow& run, bool remembered) {
  Json ports = Json::array();
  for (const uint32_t port : run.ports()) ports.push_back(port);
  return {{"run", EscapeForDisplay(run.name())},
          {"country", EscapeForDisplay(run.country())},
          {"state", StateName(run)},
          {"created", TimeOrNull(run.created_unix_ms())},
          {"finished", TimeOrNull(run.finished_unix_ms())},
          {"planned", run.planned()},
          {"excluded", run.excluded()},
          {"gate_port", run.gate_port()},
          {"ports", std::move(ports)},
          {"remembered", remembered}};
}

Json LedgerJson(const Ledger& ledger) {
  return {{"planned", ledger.planned},   {"silent", ledger.silent},
          {"refused", ledger.refused},   {"unreachable", ledger.unreachable},
          {"answered", ledger.answered}, {"throttled", ledger.throttled},
          {"failed", ledger.failed},     {"excluded_late", ledger.excluded_late},
          {"purged", ledger.purged},     {"pending", ledger.pending}};
}

Json CoverageJson(const Coverage& coverage) {
  Json errors = Json::array();
  for (const std::string& error : coverage.errors) errors.push_back(PrintableText(error));
  return {{"plan", LedgerJson(coverage.plan)},
          {"listeners", LedgerJson(coverage.grabs)},
          {"revisits", LedgerJson(coverage.revisits)},
          {"sums_to_plan", coverage.sums_to_plan},
          {"errors", std::move(errors)}};
}

bool IsRememberedHere(const MemoryView& memory, uint32_t id) {
  for (const KnownRun& run : memory.runs()) {
    if (run.id == id) return run.remembered;
  }
  return false;
}

Result<uint64_t> CountFacts(const HistoryReader& history, FactKind kind) {
  uint64_t facts = 0;
  HARK_RETURN_IF_ERROR(history.ForEachFact(kind, [&](const Fact&, uint64_t) {
    ++facts;
    return Status::Ok();
  }));
  return facts;
}

struct HostCounts {
  uint64_t ipv4 = 0, ipv6 = 0, onions = 0, names = 0, ports = 0;
  int64_t first = INT64_MAX, last = INT64_MIN;
};

Result<HostCounts> CountHosts(const HistoryReader& history) {
  HostCounts counts;
  std::optional<HostId> last_host;
  HARK_RETURN_IF_ERROR(history.ForEachPort({}, [&](const FactUse& use, const Timeline& timeline) {
    ++counts.ports;
    if (!timeline.empty()) {
      counts.first = std::min(counts.first, timeline.first_unix_s());
      counts.last = std::max(counts.last, timeline.last_unix_s());
    }
    if (last_host == use.host) return Status::Ok();
    last_host = use.host;
    const bool address = use.host.is_address();
    ++(address ? (use.host.address().is_v4() ? counts.ipv4 : counts.ipv6)
               : (use.host.is_onion() ? counts.onions : counts.names));
    return Status::Ok();
  }));
  return counts;
}

}  // namespace

Status RunExists(const MemoryView& memory, const std::string& name) {
  for (const KnownRun& run : memory.runs()) {
    if (run.name == name) return Status::Ok();
  }
  return NotFound(StrCat("there is no run '", EscapeForDisplay(name.substr(0, 100)), "'"));
}

// Newest first; a run that begins meanwhile moves no page, since cursors are ids.
Result<V1Page> RunList(const MemoryView& memory, const PageWish& wish) {
  const std::optional<uint64_t> from = wish.cursor.empty() ? UINT64_MAX : ParseUint(wish.cursor);
  if (!from) return InvalidInput("cursor: not one that an answer gave");
  HARK_ASSIGN_OR_RETURN(std::vector<proto::RunRow> rows, memory.store().Runs());
  std::sort(rows.begin(), rows.end(),
            [](const proto::RunRow& a, const proto::RunRow& b) { return a.id() > b.id(); });
  V1Page page;
  for (const proto::RunRow& row : rows) {
    if (row.id() > *from) continue;
    if (page.items.size() == wish.limit) {
      page.next = std::to_string(row.id());
      break;
    }
    page.items.push_back(RunJson(row, IsRememberedHere(memory, row.id())));
  }
  return page;
}

Result<Json> RunListAnswer(const MemoryView& memory, const PageWish& wish) {
  HARK_ASSIGN_OR_RETURN(V1Page page, RunList(memory, wish));
  Json out = Json::object();
  AddPage(std::move(page), "runs", out);
  return out;
}

Result<Json> RunAnswer(const MemoryView& memory, const ApiReports& reports,
                       const std::string& name) {
  HARK_RETURN_IF_ERROR(RunExists(memory, name));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, memory.store().ReadRun(name));
  Json out = RunJson(reader->run(), IsRememberedHere(memory, reader->run().id()));
  HARK_ASSIGN_OR_RETURN(const Coverage coverage, ReadCoverage(*reader));
  out["coverage"] = CoverageJson(coverage);
  out["status"] = nullptr;
  if (!reports.run_status) return out;
  const Result<std::string> status = reports.run_status(memory.view(), name);
  if (status.ok()) {
    out["status"] = Json::parse(*status, nullptr, /*allow_exceptions=*/false);
  } else if (status.status().code() != StatusCode::kNotFound &&
             status.status().code() != StatusCode::kInvalidInput) {
    return status.status();
  }
  return out;
}

std::optional<Json> V1Statistics::Kept(uint64_t generation, int64_t now_unix_s) {
  const std::lock_guard lock(guard_);
  if (kept_.is_null()) return std::nullopt;
  const bool fresh = generation_ == generation || now_unix_s < as_of_ + kFreshSeconds;
  return fresh ? std::optional(kept_) : std::nullopt;
}

Result<Json> V1Statistics::Answer(const MemoryView& memory, int64_t now_unix_s) {
  const std::lock_guard one(counting_);
  if (const auto kept = Kept(memory.view().generation, now_unix_s)) return *kept;
  HARK_ASSIGN_OR_RETURN(const HostCounts hosts, CountHosts(memory.history()));
  Json facts = Json::object();
  for (const auto& [name, kind] : {std::pair{"keys", FactKind::kKey},
                                   {"certificates", FactKind::kCertificate},
                                   {"banners", FactKind::kBanner},
                                   {"algorithms", FactKind::kAlgorithms}}) {
    HARK_ASSIGN_OR_RETURN(facts[name], CountFacts(memory.history(), kind));
  }
  const bool none = hosts.ports == 0;
  const auto unremembered = std::count_if(memory.runs().begin(), memory.runs().end(),
                                          [](const KnownRun& run) { return !run.remembered; });
  Json out = {{"as_of", UtcText(now_unix_s)},
              {"hosts",
               {{"ipv4", hosts.ipv4},
                {"ipv6", hosts.ipv6},
                {"onion", hosts.onions},
                {"name", hosts.names}}},
              {"ports", hosts.ports},
              {"first_seen", none ? Json(nullptr) : Json(UtcText(hosts.first))},
              {"last_seen", none ? Json(nullptr) : Json(UtcText(hosts.last))},
              {"facts", std::move(facts)},
              {"runs", memory.runs().size()},
              {"runs_not_remembered", unremembered}};
  const std::lock_guard lock(guard_);
  kept_ = out;
  generation_ = memory.view().generation;
  as_of_ = now_unix_s;
  return out;
}

}  // namespace hark

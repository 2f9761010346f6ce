#include "cli/run_command.h"

#include <nlohmann/json.hpp>

#include "analysis/coverage.h"
#include "analysis/report.h"
#include "base/strings.h"
#include "base/time.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/geo_json.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/render_text.h"
#include "coordinator/run_registry.h"
#include "storage/store.h"

namespace hark {
namespace {

constexpr char kName[] = "hark run list";

struct RunLine {
  proto::RunRow run;
  Ledger plan;
  bool adds_up = true;
  uint64_t revisits_waiting = 0;           // throttled hosts to be visited again
  std::optional<Duration> next_revisit{};  // from now

  std::string_view state() const { return run.state() == proto::RunRow::DONE ? "done" : "open"; }
  Share progress() const { return {plan.settled(), plan.planned}; }
};

// The lists say how many, their dates when.
Status AddRevisits(const Store& store, const Coverage& coverage, const Clock& clock,
                   RunLine* line) {
  line->revisits_waiting = coverage.revisits.pending;
  if (line->run.state() == proto::RunRow::DONE || line->revisits_waiting == 0) return Status::Ok();
  HARK_ASSIGN_OR_RETURN(RunState state, LoadRun(store, line->run));
  const MonoTime now = clock.Now();
  state.StartClock(now, clock.UnixMillis());
  const MonoTime next = state.Sum().next_revisit;
  if (next != kNever) line->next_revisit = std::max(next - now, Duration(0));
  return Status::Ok();
}

Result<std::vector<RunLine>> ReadRuns(const std::string& db) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(db, Store::Mode::kReadOnly));
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, store->Runs());
  const SystemClock clock;
  std::vector<RunLine> lines;
  for (const proto::RunRow& run : runs) {
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store->ReadRun(run.name()));
    HARK_ASSIGN_OR_RETURN(const Coverage coverage, ReadCoverage(*reader));
    RunLine& line = lines.emplace_back(RunLine{run, coverage.plan, coverage.sums_to_plan});
    HARK_RETURN_IF_ERROR(AddRevisits(*store, coverage, clock, &line));
  }
  return lines;
}

std::string AsText(const std::vector<RunLine>& lines) {
  Table table{"runs", "Runs, oldest first", {}, {}, false, {}};
  table.columns = {{"name", false},    {"country", false}, {"state", false},
                   {"created", false}, {"planned"},        {"progress"},
                   {"opt-outs"},       {"ledger", false},  {"waits for", false}};
  for (const RunLine& line : lines) {
    table.rows.push_back(
        {TextCell(EscapeForDisplay(line.run.name())),
         TextCell(EscapeForDisplay(line.run.country())), TextCell(std::string(line.state())),
         TextCell(FormatUtc(line.run.created_unix_ms())), CountCell(line.plan.planned),
         TextCell(StrCat(line.progress().percent_truncated(), " %")),
         CountCell(line.run.exclusions_version()),
         TextCell(line.adds_up ? "adds up" : "DOES NOT ADD UP"),
         TextCell(line.revisits_waiting == 0
                      ? ""
                      : RevisitsText(line.revisits_waiting,
                                     line.next_revisit.value_or(Duration::max())))});
  }
  return TableAsText(table, StyleOfStdout());
}

std::string AsJson(const std::vector<RunLine>& lines) {
  using Json = nlohmann::ordered_json;
  Json out = Json::array();
  for (const RunLine& line : lines) {
    out.push_back({{"name", line.run.name()},
                   {"country", line.run.country()},
                   {"state", line.state()},
                   {"created", FormatUtc(line.run.created_unix_ms())},
                   {"planned", line.plan.planned},
                   {"settled", line.plan.settled()},
                   {"progress_pct", line.progress().percent_truncated()},
                   {"exclusions_version", line.run.exclusions_version()},
                   {"sums_to_plan", line.adds_up},
                   {"revisits_waiting", line.revisits_waiting},
                   {"next_revisit_seconds",
                    line.next_revisit ? Json(ToMillis(*line.next_revisit) / 1000) : Json()},
                   {"source", line.run.source()},
                   {"geo_sources", GeoSourcesJson({line.run.geo_sources().begin(),
                                                   line.run.geo_sources().end()})}});
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int RunRunList(const std::vector<std::string>& args) {
  std::string db;
  std::string format = "text";
  FlagSet flags(kName, "the runs of a store, oldest first, and how far each has come",
                {{"db", Text(&db, "DIR"), "the store to read", true},
                 {"format", Choice(&format, {"text", "json"}), "how to print"}});
  flags.SetExamples({"hark run list --db=out/db"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  const Result<std::vector<RunLine>> lines = ReadRuns(db);
  if (!lines.ok()) return Fail(kName, lines.status());
  return Fail(kName, WriteOutput("", format == "json" ? AsJson(*lines) : AsText(*lines)));
}

}  // namespace hark

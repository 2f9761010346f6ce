#include "cli/run_command.h"

#include <nlohmann/json.hpp>

#include "analysis/coverage.h"
#include "analysis/report.h"
#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/render_text.h"
#include "storage/store.h"

namespace hark {
namespace {

constexpr char kName[] = "hark run list";

struct RunLine {
  proto::RunRow run;
  Ledger plan;

  std::string_view state() const { return run.state() == proto::RunRow::DONE ? "done" : "open"; }
  Share progress() const { return {plan.settled(), plan.planned}; }
};

Result<std::vector<RunLine>> ReadRuns(const std::string& db) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(db, Store::Mode::kReadOnly));
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, store->Runs());
  std::vector<RunLine> lines;
  for (const proto::RunRow& run : runs) {
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store->ReadRun(run.name()));
    HARK_ASSIGN_OR_RETURN(const Coverage coverage, ReadCoverage(*reader));
    lines.push_back({run, coverage.plan});
  }
  return lines;
}

std::string AsText(const std::vector<RunLine>& lines) {
  Table table{"runs", "Runs, oldest first", {}, {}, false, {}};
  table.columns = {{"name", false},    {"country", false}, {"state", false},
                   {"created", false}, {"planned"},        {"progress"}};
  for (const RunLine& line : lines) {
    table.rows.push_back(
        {TextCell(EscapeForDisplay(line.run.name())),
         TextCell(EscapeForDisplay(line.run.country())), TextCell(std::string(line.state())),
         TextCell(FormatUtc(line.run.created_unix_ms())), CountCell(line.plan.planned),
         TextCell(StrCat(line.progress().percent_truncated(), " %"))});
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
                   {"progress_pct", line.progress().percent_truncated()}});
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

#include "cli/report_command.h"

#include <cstdio>

#include "analysis/report.h"
#include "cli/coverage_report.h"
#include "cli/exit_code.h"
#include "cli/facts_flags.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/read_run.h"
#include "cli/report_html.h"
#include "cli/report_json.h"
#include "cli/report_text.h"

namespace hark {
namespace {

constexpr char kName[] = "hark report";

struct ReportOptions {
  std::string db;
  std::string run;
  std::string format = "text";
  std::string output;
  bool coverage = false;
  bool include_answers_all = false;
  FactsFlags facts;
};

FlagSet Flags(ReportOptions& options) {
  std::vector<Flag> all = {
      {"db", Text(&options.db, "DIR"), "the store to read", true},
      {"run", Text(&options.run, "NAME"), "the run; without it the newest"},
      {"format", Choice(&options.format, {"text", "json", "csv", "markdown", "html"}),
       "json is described in docs/formats/report.md, html is one page with plots"},
      {"output", Text(&options.output, "FILE"), "write there instead of to the terminal"},
      {"include_answers_all", Switch(&options.include_answers_all),
       "let hosts that answer on every port take part like others"},
      {"coverage", Switch(&options.coverage),
       "where every target ended: the run, its ports, /16s and ASes"}};
  for (Flag& flag : FactsFlagTable(&options.facts)) all.push_back(std::move(flag));
  FlagSet flags(kName, "the tables of a run, as far as it has come", std::move(all));
  flags.SetExamples({"hark report --db=out/db",
                     "hark report --db=out/db --format=json | jq .hark_pct",
                     "hark report --db=out/db --coverage --format=csv",
                     "hark report --db=out/db --ca_bundle=roots.pem --at=2018-03-16",
                     "hark report --db=out/db --run=NA-20180430 --format=html --output=na.html"});
  return flags;
}

std::string Render(const RunAnalysis& analysis, const ReportOptions& options) {
  const RunReport& report = analysis.report;
  if (options.format == "json") return ReportAsJson(report);
  if (options.format == "csv") return ReportAsCsv(report);
  if (options.format == "markdown") return ReportAsMarkdown(report);
  if (options.format == "html") return ReportAsHtml(analysis);
  return ReportAsText(report, options.output.empty() ? StyleOfStdout() : TextStyle{});
}

Result<RunReport> Coverages(const RunReader& reader, const ReportOptions& options,
                            RunReport report) {
  HARK_ASSIGN_OR_RETURN(const CoverageParts parts, ReadCoverageParts(reader, report.coverage));
  report.errors.insert(report.errors.end(), parts.errors.begin(), parts.errors.end());
  HARK_ASSIGN_OR_RETURN(const std::string text,
                        CoverageReport(report, parts, options.format, options.output.empty()));
  HARK_RETURN_IF_ERROR(WriteOutput(options.output, text));
  return report;
}

Result<RunReport> Report(const ReportOptions& options) {
  HARK_ASSIGN_OR_RETURN(const FactsInput facts, LoadFactsInput(options.facts));
  HARK_ASSIGN_OR_RETURN(const RunToRead opened, OpenRunToRead(options.db, options.run));
  if (options.coverage) {
    HARK_ASSIGN_OR_RETURN(RunAnalysis analysis,
                          AnalyseRun(*opened.reader, options.include_answers_all));
    return Coverages(*opened.reader, options, std::move(analysis.report));
  }
  HARK_ASSIGN_OR_RETURN(const RunAnalysis analysis,
                        AnalyseRun(*opened.reader, options.include_answers_all, &facts.options));
  HARK_RETURN_IF_ERROR(WriteOutput(options.output, Render(analysis, options)));
  return analysis.report;
}

}  // namespace

int RunReportCommand(const std::vector<std::string>& args) {
  ReportOptions options;
  const FlagSet flags = Flags(options);
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  const Result<RunReport> report = Report(options);
  if (!report.ok()) return Fail(kName, report.status());
  int exit_code = 0;
  for (const std::string& error : report->errors) exit_code = Fail(kName, Corruption(error));
  return exit_code;
}

}  // namespace hark

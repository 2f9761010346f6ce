#include "cli/report_command.h"

#include <cstdio>

#include "analysis/report.h"
#include "cli/coverage_report.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/probe_flags.h"
#include "cli/report_html.h"
#include "cli/report_json.h"
#include "cli/report_text.h"
#include "cli/scope_flags.h"

namespace hark {
namespace {

constexpr char kName[] = "hark report";

struct ReportOptions {
  std::string db;
  ScopeWishes scope;
  std::string format = "text";
  std::string output;
  bool coverage = false;
  bool include_answers_all = false;
};

FlagSet Flags(ReportOptions& options) {
  FlagSet flags(
      kName, "the tables of a run, as far as it has come",
      AllFlags(
          {{{"db", Text(&options.db, "DIR"), "the store to read", true}},
           ScopeFlags(options.scope),
           {{"format", Choice(&options.format, {"text", "json", "csv", "markdown", "html"}),
             "json is described in docs/formats/report.md, html is one page with plots"},
            {"output", Text(&options.output, "FILE"), "write there instead of to the terminal"},
            {"include_answers_all", Switch(&options.include_answers_all),
             "let hosts that answer on every port take part like others"},
            {"coverage", Switch(&options.coverage),
             "where every target ended: the run, its ports, /16s and ASes"}}}));
  flags.SetExamples({"hark report --db=out/db",
                     "hark report --db=out/db --format=json | jq .hark_pct",
                     "hark report --db=out/db --coverage --format=csv",
                     "hark report --db=out/db --run=IE-20171130,IE-20180316 --together",
                     "hark report --db=out/db --asn=AS64496 --ports=22 --without_keys=cdn.txt",
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
  HARK_ASSIGN_OR_RETURN(const ScopedRun opened, OpenScope(options.db, options.scope));
  if (options.coverage && !opened.words.empty()) {
    return InvalidInput("--coverage is of one whole run; the ledger knows nothing of a scope");
  }
  HARK_ASSIGN_OR_RETURN(RunAnalysis analysis,
                        AnalyseRun(*opened.reader, options.include_answers_all));
  analysis.report.scope = opened.words;
  if (options.coverage) return Coverages(*opened.reader, options, std::move(analysis.report));
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

#include "cli/report_command.h"

#include <cstdio>

#include "analysis/report.h"
#include "base/strings.h"
#include "cli/coverage_report.h"
#include "cli/exit_code.h"
#include "cli/facts_flags.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/probe_flags.h"
#include "cli/report_html.h"
#include "cli/report_json.h"
#include "cli/report_latex.h"
#include "cli/report_pictures.h"
#include "cli/report_plots.h"
#include "cli/report_text.h"
#include "cli/runs_report.h"
#include "cli/scope_flags.h"
#include "cli/svg_document.h"

namespace hark {
namespace {

constexpr char kName[] = "hark report";

struct ReportOptions {
  std::string db;
  ScopeWishes scope;
  std::string format = "text";
  std::string output;
  std::string plot;
  bool coverage = false;
  bool include_answers_all = false;
  FactsFlags facts;
};

FlagSet Flags(ReportOptions& options) {
  FlagSet flags(
      kName, "the tables of a run, as far as it has come",
      AllFlags(
          {{{"db", Text(&options.db, "DIR"), "the store to read", true}},
           ScopeFlags(options.scope),
           {{"format",
             Choice(&options.format, {"text", "json", "csv", "markdown", "latex", "html"}),
             "json is described in docs/formats/report.md, html is one page with plots"},
            {"output", Text(&options.output, "FILE"), "write there instead of to the terminal"},
            {"plot", Choice(&options.plot, {"sizes", "ports", "tls", "coverage"}),
             "one plot as an SVG file instead of the tables"},
            {"include_answers_all", Switch(&options.include_answers_all),
             "let hosts that answer on every port take part like others"},
            {"coverage", Switch(&options.coverage),
             "where every target ended: the run, its ports, /16s and ASes"}},
           FactsFlagTable(&options.facts)}));
  flags.SetExamples({"hark report --db=out/db",
                     "hark report --db=out/db --format=json | jq .hark_pct",
                     "hark report --db=out/db --coverage --format=csv",
                     "hark report --db=out/db --run=IE-20171130,IE-20180316 --together",
                     "hark report --db=out/db --asn=AS64496 --ports=22 --without_keys=cdn.txt",
                     "hark report --db=out/db --ca_bundle=roots.pem --at=2018-03-16",
                     "hark report --db=out/db --plot=sizes --output=sizes.svg",
                     "hark report --db=out/db --run=NA-20180430 --format=html --output=na.html"});
  return flags;
}

std::string Plot(const RunReport& report, const std::string& plot) {
  if (plot == "ports") return PortsPlot(report);
  if (plot == "tls") return TlsVersionsPlot(report);
  if (plot == "coverage") return CoveragePlot(report);
  return ClusterSizePlot(report.sizes);
}

Result<std::string> Render(const RunReader& reader, const RunAnalysis& analysis,
                           const ReportOptions& options) {
  const RunReport& report = analysis.report;
  if (!options.plot.empty()) return SvgDocument(Plot(report, options.plot));
  if (options.format == "json") return ReportAsJson(report);
  if (options.format == "csv") return ReportAsCsv(report);
  if (options.format == "markdown") return ReportAsMarkdown(report);
  if (options.format == "html") {
    HARK_ASSIGN_OR_RETURN(const std::vector<ReportPicture> pictures,
                          ReportPictures(reader, analysis));
    return ReportAsHtml(analysis, pictures);
  }
  if (options.format == "latex") {
    return ReportAsLatex(ReportHeadline(report), ReportTables(report), report.errors);
  }
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

// Of the several runs' reports only what is wrong with them comes back.
Result<RunReport> SideBySide(const ReportOptions& options) {
  if (options.coverage) return InvalidInput("--coverage is of one run");
  if (!options.plot.empty()) return InvalidInput("--plot is of one run, or of several --together");
  HARK_ASSIGN_OR_RETURN(const FactsInput facts, LoadFactsInput(options.facts));
  HARK_ASSIGN_OR_RETURN(const Scope scope, ScopeOf(options.scope));
  HARK_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        RunNames(Join(options.scope.runs, ",")));
  HARK_ASSIGN_OR_RETURN(
      const std::vector<RunReport> runs,
      AnalyseRuns(options.db, names, options.include_answers_all, scope, facts.options));
  const bool colour = options.output.empty() && StyleOfStdout().colour;
  HARK_RETURN_IF_ERROR(WriteOutput(options.output, RunsReport(runs, options.format, colour)));
  RunReport out;
  out.errors = ErrorsOf(runs);
  return out;
}

// Reading them is most of the time a report takes.
bool JudgesCertificates(const ReportOptions& options) {
  return options.plot.empty() && !options.coverage;
}

Result<RunReport> Report(const ReportOptions& options) {
  const bool several = options.scope.runs.size() > 1 && !options.scope.together;
  if (several) return SideBySide(options);
  const bool judges = JudgesCertificates(options);
  FactsInput facts;
  if (judges) {
    HARK_ASSIGN_OR_RETURN(facts, LoadFactsInput(options.facts));
  }
  if (!judges && options.facts.given()) {
    return InvalidInput(
        "--ca_bundle, --at and --suite_policy: neither --plot nor --coverage shows certificates");
  }
  HARK_ASSIGN_OR_RETURN(const ScopedRun opened, OpenScope(options.db, options.scope));
  if (options.coverage && !opened.words.empty()) {
    return InvalidInput("--coverage is of one whole run; the ledger knows nothing of a scope");
  }
  HARK_ASSIGN_OR_RETURN(
      RunAnalysis analysis,
      AnalyseRun(*opened.reader, options.include_answers_all, judges ? &facts.options : nullptr));
  analysis.report.scope = opened.words;
  if (options.coverage) return Coverages(*opened.reader, options, std::move(analysis.report));
  HARK_ASSIGN_OR_RETURN(const std::string text, Render(*opened.reader, analysis, options));
  HARK_RETURN_IF_ERROR(WriteOutput(options.output, text));
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

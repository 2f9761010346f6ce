#include "cli/runs_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/runs_side_by_side.h"
#include "base/markup.h"
#include "base/strings.h"
#include "cli/html.h"
#include "cli/read_run.h"
#include "cli/report_json.h"
#include "cli/report_latex.h"
#include "cli/report_text.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

// Sizes would be pages of a terminal.
constexpr std::string_view kNotAsText = "runs_sizes";

constexpr char kStyle[] =
    ":root { color-scheme: light dark; } body { font: 15px/1.5 system-ui, sans-serif; margin: 2em; "
    "}"
    " h2 { font-size: 16px; margin: 2em 0 0.5em; } .scroll { overflow-x: auto; }"
    " table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }"
    " th, td { padding: 3px 12px; border-bottom: 1px solid #8884; white-space: nowrap;"
    " text-align: left; } th.n, td.n { text-align: right; } tr.total td { font-weight: 650; }"
    " .note { opacity: 0.7; font-size: 13px; margin: 4px 0; } .error { color: #b3261e; }";

std::vector<Table> Tables(const std::vector<RunReport>& runs) {
  std::vector<const RunReport*> pointers;
  for (const RunReport& run : runs) pointers.push_back(&run);
  return SideBySideTables(pointers);
}

std::string Headline(const std::vector<RunReport>& runs) {
  std::vector<std::string> names;
  for (const RunReport& run : runs) names.push_back(EscapeForDisplay(run.run));
  const std::vector<std::string>& scope = runs[0].scope;  // the same of all
  return StrCat(runs.size(), " runs: ", Join(names, ", "),
                scope.empty() ? "" : StrCat(" (", Join(scope, "; "), ")"));
}

Json TableJson(const Table& table) {
  Json columns = Json::array(), rows = Json::array();
  for (const Column& column : table.columns) columns.push_back(column.heading);
  for (const std::vector<Cell>& row : table.rows) {
    Json& cells = rows.emplace_back(Json::array());
    for (const Cell& cell : row) cells.push_back(cell.plain);
  }
  return {{"name", table.name},      {"title", table.title}, {"columns", std::move(columns)},
          {"rows", std::move(rows)}, {"total", table.total}, {"notes", table.notes}};
}

std::string AsJson(const std::vector<RunReport>& runs) {
  Json reports = Json::array(), tables = Json::array();
  for (const RunReport& run : runs) reports.push_back(Json::parse(ReportAsJson(run)));
  for (const Table& table : Tables(runs)) tables.push_back(TableJson(table));
  const Json out = {{"runs", std::move(reports)}, {"tables", std::move(tables)}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string AsCsv(const std::vector<RunReport>& runs) {
  std::string out = "run,table,row,column,value\n";
  for (const RunReport& run : runs) {
    const std::string csv = ReportAsCsv(run);
    // Its heading goes; a quoted field never has a line break, since cells have none.
    for (const std::string_view line :
         Split(std::string_view(csv).substr(csv.find('\n') + 1), '\n')) {
      if (!line.empty()) out += StrCat(CsvField(run.run), ",", line, "\n");
    }
  }
  return out;
}

std::string AsHtml(const std::vector<RunReport>& runs) {
  std::string out = StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      // The page needs nothing from anywhere, and says so to the browser.
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>hark: ",
      runs.size(), " runs</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n<h1>",
      EscapeMarkup(Headline(runs)), "</h1>\n");
  for (const std::string& error : ErrorsOf(runs)) {
    out += StrCat("<p class=\"error\">", EscapeMarkup(error), "</p>\n");
  }
  for (const Table& table : Tables(runs)) {
    out += StrCat("<h2>", EscapeMarkup(table.title), "</h2>\n", TableAsHtml(table));
  }
  return out + "</body>\n</html>\n";
}

std::string AsText(const std::vector<RunReport>& runs, const TextStyle& style) {
  std::string out = style.Heading(Headline(runs)) + "\n";
  for (const RunReport& run : runs) out += "  " + ReportHeadline(run) + "\n";
  for (const Table& table : Tables(runs)) {
    if (table.name != kNotAsText) out += "\n" + TableAsText(table, style);
  }
  for (const std::string& error : ErrorsOf(runs)) out += style.Error("error: " + error) + "\n";
  return out;
}

std::string AsMarkdown(const std::vector<RunReport>& runs) {
  std::string out = StrCat("# hark report\n\n", Headline(runs), "\n");
  for (const Table& table : Tables(runs)) out += "\n" + TableAsMarkdown(table);
  for (const std::string& error : ErrorsOf(runs)) out += StrCat("\n**error: ", error, "**\n");
  return out;
}

}  // namespace

Result<std::vector<std::string>> RunNames(const std::string& text) {
  std::vector<std::string> names;
  for (const std::string_view name : Split(text, ',')) {
    if (name.empty() && !text.empty()) return InvalidInput("--run: an empty name between commas");
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return InvalidInput(StrCat("--run: '", EscapeForDisplay(name), "' twice"));
    }
    names.emplace_back(name);
  }
  return names;
}

Result<std::vector<RunReport>> AnalyseRuns(const std::string& db,
                                           const std::vector<std::string>& names,
                                           bool include_answers_all, const Scope& scope,
                                           const FactsOptions& facts) {
  std::vector<RunReport> out;
  HARK_ASSIGN_OR_RETURN(const RunToRead first, OpenRunToRead(db, names[0]));
  for (const std::string& name : names) {
    HARK_ASSIGN_OR_RETURN(std::unique_ptr<RunReader> whole, ReadNamedRun(*first.store, name));
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, Scoped(std::move(whole), scope));
    HARK_ASSIGN_OR_RETURN(RunAnalysis analysis, AnalyseRun(*reader, include_answers_all, &facts));
    analysis.report.scope = ScopeWords(scope);
    out.push_back(std::move(analysis.report));
  }
  return out;
}

std::vector<std::string> ErrorsOf(const std::vector<RunReport>& runs) {
  std::vector<std::string> out;
  for (const RunReport& run : runs) {
    for (const std::string& error : run.errors) {
      out.push_back(StrCat(EscapeForDisplay(run.run), ": ", error));
    }
  }
  return out;
}

std::string RunsReport(const std::vector<RunReport>& runs, const std::string& format, bool colour) {
  if (format == "json") return AsJson(runs);
  if (format == "csv") return AsCsv(runs);
  if (format == "markdown") return AsMarkdown(runs);
  if (format == "latex") return ReportAsLatex(Headline(runs), Tables(runs), ErrorsOf(runs));
  if (format == "html") return AsHtml(runs);
  return AsText(runs, TextStyle{colour});
}

}  // namespace hark

#include "cli/report_text.h"

#include "base/strings.h"

namespace hark {

std::string ReportHeadline(const RunReport& report) {
  std::string line = "run " + EscapeForDisplay(report.run);
  if (!report.country.empty()) line += ", country " + EscapeForDisplay(report.country);
  if (!report.scope.empty()) line += " (" + Join(report.scope, "; ") + ")";
  line += ", started " + FormatUtc(report.started_unix_ms);
  if (report.done) return line + ", finished " + FormatUtc(report.finished_unix_ms);
  const Ledger& plan = report.coverage.plan;
  const Share done{plan.settled(), plan.planned};
  return StrCat(line, ", run in progress, ", done.percent_truncated(), " % of the plan done");
}

std::string ReportAsText(const RunReport& report, const TextStyle& style) {
  std::string out = style.Heading(ReportHeadline(report)) + "\n";
  for (const Table& table : ReportTables(report)) {
    // A country has up to a hundred distinct sizes: a page of its own, in the other formats.
    if (table.name != "sizes") out += "\n" + TableAsText(table, style);
  }
  if (report.most_reused.hosts > 1) {
    out += StrCat("\nmost re-used key: ", report.most_reused.key.ToHex(), "\n  on ",
                  WithThousands(report.most_reused.host_ports), " host/ports of ",
                  WithThousands(report.most_reused.hosts), " hosts\n");
  }
  for (const std::string& error : report.errors) out += style.Error("error: " + error) + "\n";
  return out;
}

std::string ReportAsMarkdown(const RunReport& report) {
  std::string out = StrCat("# hark report\n\n", ReportHeadline(report), "\n");
  for (const Table& table : ReportTables(report)) out += "\n" + TableAsMarkdown(table);
  for (const std::string& error : report.errors) out += StrCat("\n**error: ", error, "**\n");
  return out;
}

std::string ReportAsCsv(const RunReport& report) {
  std::string out = "table,row,column,value\n";
  for (const Table& table : ReportTables(report)) out += TableAsCsv(table);
  for (const std::string& error : report.errors) {
    out += StrCat("errors,error,text,", CsvField(error), "\n");
  }
  return out;
}

}  // namespace hark

#include "cli/coverage_report.h"

#include <nlohmann/json.hpp>

#include "analysis/coverage_tables.h"
#include "base/block_count.h"
#include "base/strings.h"
#include "cli/render_text.h"
#include "cli/report_json.h"
#include "cli/report_latex.h"
#include "cli/report_text.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

std::vector<Table> Tables(const RunReport& report, const CoverageParts& parts) {
  return {CoverageTable(report), PortCoverageTable(parts), BlockCoverageTable(parts),
          AsCoverageTable(parts)};
}

Json PortJson(const PortLedger& p) {
  return {{"planned", p.planned},         {"silent", p.silent},     {"refused", p.refused},
          {"unreachable", p.unreachable}, {"answered", p.answered}, {"throttled", p.throttled},
          {"failed", p.failed},           {"pending", p.pending},   {"grabbed", p.grabbed}};
}

Json BlockJson(const PartLedger& p) {
  return {{"excluded", p.excluded},       {"planned", p.planned},
          {"silent", p.silent},           {"refused", p.refused},
          {"unreachable", p.unreachable}, {"answered", p.answered},
          {"failed", p.failed},           {"excluded_late", p.excluded_late},
          {"purged", p.purged},           {"pending", p.pending},
          {"visited", p.visited},         {"throttled", p.throttled},
          {"grabbed", p.grabbed},         {"answers_all", p.answers_all}};
}

Json AsLedgerJson(const PartLedger& p) {
  return {{"visited", p.visited},
          {"answered", p.answered},
          {"throttled", p.throttled},
          {"grabbed", p.grabbed},
          {"answers_all", p.answers_all}};
}

std::string AsJson(const RunReport& report, const CoverageParts& parts) {
  Json ports = Json::object(), blocks = Json::object(), ases = Json::object();
  for (const auto& [port, ledger] : parts.ports) ports[std::to_string(port)] = PortJson(ledger);
  for (const auto& [block, part] : parts.blocks16) blocks[Block16Name(block)] = BlockJson(part);
  for (const auto& [asn, part] : parts.ases) {
    ases[asn == 0 ? "unknown" : StrCat("AS", asn)] = AsLedgerJson(part);
  }
  const Json whole = Json::parse(ReportAsJson(report));
  Json gate = parts.gate_port == 0 ? Json() : PortJson(parts.gate);
  if (parts.gate_port != 0) gate["port"] = parts.gate_port;
  const Json out = {{"run", report.run},
                    {"country", report.country},
                    {"exclusions_version", report.exclusions_version},
                    {"coverage", whole["coverage"]},
                    {"gate", gate},
                    {"ports", ports},
                    {"blocks16", blocks},
                    {"unplaced", parts.unplaced},
                    {"answers_all", parts.answers_all},
                    {"ases", ases}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<std::string> CoverageReport(const RunReport& report, const CoverageParts& parts,
                                   const std::string& format, bool to_terminal) {
  if (format == "html") {
    return InvalidInput("--coverage has no html; the page of hark report has the whole run's");
  }
  if (format == "json") return AsJson(report, parts);
  std::string out;
  if (format == "csv") out = "table,row,column,value\n";
  if (format == "markdown") out = StrCat("# coverage\n\n", ReportHeadline(report), "\n");
  if (format == "text") out = ReportHeadline(report) + "\n";
  for (const Table& table : Tables(report, parts)) {
    if (format == "csv") out += TableAsCsv(table);
    if (format == "markdown") out += "\n" + TableAsMarkdown(table);
    if (format == "latex") out += TableAsLatex(table);
    if (format == "text") {
      out += "\n" + TableAsText(table, to_terminal ? StyleOfStdout() : TextStyle{});
    }
  }
  return out;
}

}  // namespace hark

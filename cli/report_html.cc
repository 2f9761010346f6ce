#include "cli/report_html.h"

#include <algorithm>

#include "analysis/facts_tables.h"
#include "analysis/risk_tables.h"
#include "analysis/stats_tables.h"
#include "base/markup.h"
#include "base/strings.h"
#include "cli/cluster_render.h"
#include "cli/html.h"
#include "cli/report_plots.h"
#include "cli/report_text.h"
#include "cli/risk_plot.h"

namespace hark {
namespace {

// Series colours are Okabe and Ito's, told apart by colour-blind readers too.
constexpr char kStyle[] = R"css(
:root { color-scheme: light dark; --bg: #f6f7f9; --card: #fff; --ink: #1c2733; --faint: #61707f;
  --line: #dde3e9; --accent: #0067a5; --bad: #b3261e; --c0: #0072b2; --c1: #009e73; --c2: #e69f00;
  --c3: #d55e00; --c4: #a3195b; --c5: #8a94a0; --rest: #dfe4e9; }
@media (prefers-color-scheme: dark) { :root { --bg: #12171d; --card: #1a2129; --ink: #e4e9ee;
  --faint: #93a1af; --line: #2c3742; --accent: #6db6e8; --bad: #ff8a80; --c0: #4fa3d9;
  --c1: #35c29a; --c2: #f0b63a; --c3: #f0803c; --c4: #e0639b; --c5: #7d8894; --rest: #33404c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 32px 20px 48px; }
h1 { font-size: 28px; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 16px; margin: 0 0 12px; }
.sub { color: var(--faint); margin: 4px 0 24px; }
.tiles { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
.tile, section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 14px 16px; }
.tile b { display: block; font-size: 26px; line-height: 1.2; font-weight: 650;
  font-variant-numeric: tabular-nums; }
.tile span { color: var(--faint); font-size: 13px; }
.tile.main b { color: var(--accent); }
.grid { display: grid; gap: 16px; margin-top: 16px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 500px), 1fr)); }
section { padding: 18px 20px; min-width: 0; }
.stack { display: flex; flex-direction: column; gap: 16px; min-width: 0; }
.stack section:last-child { flex: 1; }
section.wide { grid-column: 1 / -1; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px;
  font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--faint); font-weight: 600; font-size: 12.5px; }
th, td { padding: 5px 14px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th.n, td.n { text-align: right; }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
td.part:first-child { padding-left: 18px; color: var(--faint); }
tr:last-child td { border-bottom: 0; }
tr.total td { font-weight: 650; border-top: 1px solid var(--faint); }
.note { color: var(--faint); font-size: 13px; margin: 8px 0 0; }
.error { border: 1px solid var(--bad); color: var(--bad); border-radius: 10px;
  padding: 10px 16px; margin: 0 0 12px; font-weight: 600; }
code { font: 12.5px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; }
svg text.label { font-size: 12px; fill: var(--ink); }
svg text.faint { fill: var(--faint); }
.axis { stroke: var(--faint); } line.grid { stroke: var(--line); }
.c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); }
.c4 { fill: var(--c4); } .c5 { fill: var(--c5); } .rest { fill: var(--rest); }
.c3.open { fill: none; stroke: var(--c3); stroke-width: 2; }
footer { color: var(--faint); font-size: 13px; margin-top: 24px; }
@media print { body { background: #fff; } section, .tile { break-inside: avoid; } }
)css";

std::string Tile(std::string_view value, std::string_view name, std::string_view css = "tile") {
  return StrCat("<div class=\"", css, "\"><b>", EscapeMarkup(value), "</b><span>",
                EscapeMarkup(name), "</span></div>\n");
}

std::string Tiles(const RunReport& report) {
  const auto percent = [](const Share& share) {
    return DecimalCell(100 * share.ratio()).shown + " %";
  };
  return StrCat("<div class=\"tiles\">\n",
                Tile(percent(report.hark()), "HARK: hosts re-using keys", "tile main"),
                Tile(WithThousands(report.listeners), "listeners"),
                Tile(WithThousands(report.crypto),
                     StrCat("with keys (", report.crypto_share().percent_truncated(), " %)")),
                Tile(WithThousands(report.unique_keys),
                     StrCat("keys on ", WithThousands(report.host_ports), " host/ports")),
                Tile(WithThousands(report.sizes.clusters),
                     StrCat("clusters of ", WithThousands(report.clustered), " hosts")),
                Tile(WithThousands(report.sizes.largest), "hosts in the largest"), "</div>\n");
}

std::string Section(std::string_view title, const std::string& body, bool wide = false) {
  return StrCat(wide ? "<section class=\"wide\">" : "<section>", "<h2>", EscapeMarkup(title),
                "</h2>\n", body, "</section>\n");
}

// Tables of more columns want the page's whole width.
constexpr size_t kNarrowColumns = 5;

std::string TableSection(const Table& table, bool wide = false) {
  return Section(table.title, TableAsHtml(table), wide);
}

std::string ClusterSection(const RunAnalysis& analysis) {
  Table table = ClustersTable(analysis, 2);
  const size_t all = table.rows.size();
  table.rows.resize(std::min(all, kClustersOnPage));
  if (table.rows.size() < all) {
    table.notes.push_back(StrCat("the largest ", kClustersOnPage, " of ", WithThousands(all),
                                 "; hark cluster list has all of them"));
  }
  return TableSection(table, true);
}

std::string StatsSections(const RunReport& report) {
  std::vector<Table> tables;
  AddStatsTables(report, tables);
  std::string out;
  for (const Table& table : tables)
    out += TableSection(table, table.columns.size() > kNarrowColumns);
  return out;
}

std::string PictureSections(const std::vector<ReportPicture>& pictures) {
  std::string out;
  for (const ReportPicture& picture : pictures) out += Section(picture.title, picture.svg);
  return out;
}

std::string MostReused(const KeyCount& key) {
  if (key.hosts < 2) return "";
  return StrCat("<p class=\"note\">most re-used key, on ", WithThousands(key.host_ports),
                " host/ports of ", WithThousands(key.hosts), " hosts: <code>", key.key.ToHex(),
                "</code></p>\n");
}

std::string Head(const RunReport& report) {
  return StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      // The page needs nothing from anywhere, and says so to the browser.
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>hark: ",
      EscapeMarkup(EscapeForDisplay(report.run)), "</title>\n<style>", kStyle,
      "</style>\n</head>\n");
}

// Two cards above each other, as high as the measures beside them.
std::string SizesAndPorts(const RunReport& report) {
  return StrCat(
      "<div class=\"stack\">\n",
      Section("Cluster sizes", ClusterSizePlot(report.sizes) + MostReused(report.most_reused)),
      Section("Hosts with a key, by port", PortsPlot(report)), "</div>\n");
}

}  // namespace

std::string ReportAsHtml(const RunAnalysis& analysis, const std::vector<ReportPicture>& pictures) {
  const RunReport& report = analysis.report;
  std::string out = Head(report) + "<body><main>\n";
  out += StrCat("<h1>", EscapeMarkup(EscapeForDisplay(report.run)), "</h1>\n<p class=\"sub\">",
                EscapeMarkup(ReportHeadline(report)), "</p>\n");
  for (const std::string& error : report.errors) {
    out += StrCat("<p class=\"error\">", EscapeMarkup(error), "</p>\n");
  }
  out += Tiles(report) + "<div class=\"grid\">\n";
  out += Section("Coverage of the plan", CoveragePlot(report), true);
  out += TableSection(MeasuresTable(report)) + SizesAndPorts(report);
  out += Section("TLS versions, by port", TlsVersionsPlot(report));
  out += TableSection(MultihomedTable(report)) + StatsSections(report);
  out += TableSection(HarkTable(report)) + TableSection(RiskTable(report));
  out += Section("Concentration", LorenzPlot(report.reuse.risk)) +
         TableSection(QuantilesTable(report));
  out += TableSection(PortsTable(report), true) + TableSection(OutcomesTable(report), true);
  if (report.facts) {
    for (const Table& table : FactsTables(*report.facts)) {
      out += TableSection(table, table.columns.size() > kNarrowColumns);
    }
  }
  out += TableSection(CoverageTable(report), true);
  out += PictureSections(pictures) + ClusterSection(analysis);
  if (!report.geo_sources.empty()) out += TableSection(SourcesTable(report), true);
  return out +
         "</div>\n<footer>hark " HARK_VERSION
         ": Hosts Are Re-using Keys. A cluster is a set of hosts joined by equal public keys, "
         "on any ports.</footer>\n</main></body>\n</html>\n";
}

}  // namespace hark

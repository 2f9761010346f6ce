#include "analysis/report_tables.h"

#include <cmath>
#include <cstdio>
#include <set>

#include "analysis/facts_tables.h"
#include "analysis/json_text.h"
#include "analysis/risk_tables.h"
#include "analysis/stats_tables.h"
#include "base/strings.h"

namespace hark {
namespace {

Cell TruncatedPercent(const Share& share) {
  const std::string n = std::to_string(share.percent_truncated());
  return {n + " %", n};
}

// The measures on which the paper and we agree.
std::vector<Cell> Same(std::string name, uint64_t n) {
  return {TextCell(std::move(name)), CountCell(n), CountCell(n)};
}

std::vector<Cell> Percentages(std::string name, const Share& share) {
  return {TextCell(std::move(name)), TruncatedPercent(share), PercentCell(share.ratio())};
}

std::vector<Cell> Both(std::string name, double paper, double ours) {
  return {TextCell(std::move(name)), DecimalCell(paper), DecimalCell(ours)};
}

template <typename Map>
Cell CountOf(const Map& counts, const typename Map::key_type& key) {
  const auto at = counts.find(key);
  return CountCell(at == counts.end() ? 0 : at->second);
}

// A sum a column over the rows so far; the first column is the word "total".
void AddTotal(Table& table) {
  std::vector<Cell> total = {TextCell("total")};
  for (size_t column = 1; column < table.columns.size(); ++column) {
    uint64_t sum = 0;
    for (const std::vector<Cell>& row : table.rows) {
      sum += ParseUint(row[column].plain).value_or(0);
    }
    total.push_back(table.columns[column].numbers ? CountCell(sum) : TextCell(""));
  }
  table.rows.push_back(std::move(total));
  table.total = true;
}

}  // namespace

Cell TextCell(std::string text) {
  std::string plain = text;
  return {std::move(text), std::move(plain)};
}

Cell CountCell(uint64_t n) {
  return {WithThousands(n), std::to_string(n)};
}

Cell DecimalCell(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f", value);
  std::string text = buffer;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return TextCell(text);
}

Cell PercentCell(double share) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f", 100 * share);
  return {std::string(buffer) + " %", buffer};
}

Table MeasuresTable(const RunReport& report) {
  Table table{"measures", "Hosts, keys and clusters", {}, {}, false, {}};
  table.columns = {{"measure", false}, {"paper's definition"}, {"hark's definition"}};
  auto& rows = table.rows;
  rows.push_back(Same("listeners (IPs)", report.listeners));
  rows.push_back(Same("out of country", report.out_of_country));
  if (report.answers_all > 0) {
    rows.push_back(Same("answers on every port", report.answers_all));
  }
  rows.push_back(Same("in country", report.in_country));
  // A list has no country: all its hosts are of an unknown one, and that says nothing.
  const bool checked = !report.country.empty() || report.known_in_country() > 0;
  if (checked) {
    rows.push_back(
        {TextCell("  known to be in"), TextCell(""), CountCell(report.known_in_country())});
  }
  if (checked || report.country_unknown > 0) {
    rows.push_back(
        {TextCell("  of unknown country"), TextCell(""), CountCell(report.country_unknown)});
  }
  rows.push_back(Same("no crypto seen", report.no_crypto));
  rows.push_back(Same("some crypto", report.crypto));
  rows.push_back(Percentages("some crypto, of in country", report.crypto_share()));
  rows.push_back(Same("crypto host/ports", report.host_ports));
  rows.push_back(Same("unique keys", report.unique_keys));
  rows.push_back(Percentages("keys, of host/ports", report.keys_share()));
  rows.push_back(Same("hosts with only local keys", report.local_only));
  rows.push_back(Same("hosts in clusters", report.clustered));
  rows.push_back(Percentages("HARK, in clusters of crypto", report.hark()));
  rows.push_back(Same("clusters", report.sizes.clusters));
  rows.push_back(Same("largest cluster", report.sizes.largest));
  rows.push_back(Both("median cluster size", report.sizes.paper_median, report.sizes.median));
  rows.push_back(Both("average cluster size", report.sizes.paper_average, report.sizes.mean));
  table.notes = {
      "paper: median and average over the distinct sizes, each counted once; percentages truncated",
      "hark:  median and average over all clusters; percentages exact"};
  if (report.country_unknown > 0) {
    table.notes.push_back("hosts of unknown country are counted as in country");
  }
  if (report.answers_all > 0) {
    table.notes.push_back(report.answers_all_included
                              ? "hosts that answer on every port take part, as asked for"
                              : "hosts that answer on every port are left out of what follows; "
                                "--include_answers_all takes them in");
  }
  return table;
}

Table PortsTable(const RunReport& report) {
  std::set<std::string> tls_versions;
  for (const auto& [port, counts] : report.ports) {
    for (const auto& [version, n] : counts.tls_versions) tls_versions.insert(version);
  }
  Table table{"ports", "Keys and negotiated versions by port", {}, {}, false, {}};
  table.columns = {{"port", false}, {"protocol", false}, {"with a key"}};
  for (const std::string& version : tls_versions) table.columns.push_back({version});
  for (const auto& [version, n] : report.ssh_versions) table.columns.push_back({"SSH-" + version});
  for (const auto& [port, counts] : report.ports) {
    const Protocol protocol = ProtocolOfPort(port);
    std::vector<Cell> row = {
        TextCell(std::to_string(port)),
        TextCell(protocol == Protocol::kUnknown ? "tls" : std::string(ProtocolName(protocol))),
        CountCell(counts.host_ports)};
    const bool ssh = protocol == Protocol::kSsh;
    for (const std::string& version : tls_versions) {
      row.push_back(ssh ? TextCell("") : CountOf(counts.tls_versions, version));
    }
    for (const auto& [version, n] : report.ssh_versions) {
      row.push_back(ssh ? CountCell(n) : TextCell(""));
    }
    table.rows.push_back(std::move(row));
  }
  AddTotal(table);
  return table;
}

Table OutcomesTable(const RunReport& report) {
  Table table{"outcomes", "Outcomes by port, all grabbed hosts", {{"outcome", false}}, {}, false,
              {}};
  std::set<Outcome> outcomes;
  for (const auto& [port, counts] : report.ports) {
    table.columns.push_back({std::to_string(port)});
    for (const auto& [outcome, n] : counts.outcomes) outcomes.insert(outcome);
  }
  for (const Outcome outcome : outcomes) {
    std::vector<Cell> row = {TextCell(std::string(OutcomeName(outcome)))};
    for (const auto& [port, counts] : report.ports) {
      row.push_back(CountOf(counts.outcomes, outcome));
    }
    table.rows.push_back(std::move(row));
  }
  AddTotal(table);
  return table;
}

Table MultihomedTable(const RunReport& report) {
  const MultihomedCounts& counts = report.multihomed;
  const uint64_t clusters = report.sizes.clusters;
  Table table{
      "multihomed", "Could clusters be one machine with several addresses?", {}, {}, false, {}};
  table.columns = {{"class", false}, {"clusters"}, {"share"}};
  const auto add = [&](std::string name, uint64_t n) {
    table.rows.push_back(
        {TextCell(std::move(name)), CountCell(n), TruncatedPercent({n, clusters})});
  };
  add("not multi-homed", counts.not_multihomed);
  add("  mixed: only some members run SSH", counts.mixed);
  add("  AS: members in several ASes", counts.several_as);
  add("  multikey: members' SSH keys differ", counts.multikey);
  add("possibly multi-homed", counts.possible);
  add("no information", counts.no_info);
  table.notes = {"the first line counts clusters with one sign or more; percentages truncated"};
  return table;
}

Table CoverageTable(const RunReport& report) {
  const Ledger& plan = report.coverage.plan;
  const Ledger& grabs = report.coverage.grabs;
  const bool gate = report.gate_port != 0;
  Table table{"coverage", "Coverage: where every target ended", {}, {}, false, {}};
  table.columns = {{"state", false},
                   {gate ? StrCat("targets, port ", report.gate_port) : "targets"}};
  if (gate) table.columns.push_back({"listeners grabbed"});
  const auto add = [&](std::string name, uint64_t Ledger::*state) {
    table.rows.push_back({TextCell(std::move(name)), CountCell(plan.*state)});
    if (gate) table.rows.back().push_back(CountCell(grabs.*state));
  };
  add("silent", &Ledger::silent);
  add("refused", &Ledger::refused);
  add("unreachable", &Ledger::unreachable);
  add("answered", &Ledger::answered);
  add("throttled", &Ledger::throttled);
  add("failed on our side", &Ledger::failed);
  add("excluded after planning", &Ledger::excluded_late);
  if (plan.purged + grabs.purged > 0) add("purged", &Ledger::purged);
  add("pending", &Ledger::pending);
  AddTotal(table);
  table.notes.push_back(StrCat("planned: ", WithThousands(plan.planned), " targets; ",
                               WithThousands(report.coverage.excluded),
                               " addresses of the sources were excluded before planning"));
  if (report.coverage.excluded > 0 &&
      report.coverage.excluded == report.coverage.excluded_special +
                                      report.coverage.excluded_listed +
                                      report.coverage.excluded_opted_out) {
    table.notes.push_back(StrCat("of them special-purpose ",
                                 WithThousands(report.coverage.excluded_special), ", listed ",
                                 WithThousands(report.coverage.excluded_listed), ", opted out ",
                                 WithThousands(report.coverage.excluded_opted_out)));
  }
  if (report.exclusions_version > 0) {
    table.notes.push_back(
        StrCat("opt-outs of version ", report.exclusions_version, " when it was planned"));
  }
  if (!report.scope.empty()) {
    table.notes.emplace_back("of the whole run: the ledger knows nothing of a scope");
  }
  if (const Coverage& all = report.coverage; all.rechecked > 0) {
    const auto lost = static_cast<uint64_t>(std::llround(all.lost()));
    table.notes.push_back(StrCat("loss: of ", WithThousands(all.rechecked),
                                 " silent targets asked once more ", WithThousands(all.found_again),
                                 " answered; about ", WithThousands(lost),
                                 " listeners are among the silent"));
  }
  table.notes.push_back(report.coverage.sums_to_plan ? "the ledger adds up"
                                                     : "THE LEDGER DOES NOT ADD UP");
  return table;
}

Table SizesTable(const RunReport& report) {
  Table table{"sizes", "Cluster sizes", {}, {}, false, {}};
  table.columns = {{"size"}, {"clusters"}, {"hosts"}};
  for (const auto& [size, clusters] : report.sizes.clusters_of_size) {
    table.rows.push_back({CountCell(size), CountCell(clusters), CountCell(size * clusters)});
  }
  return table;
}

Table SourcesTable(const RunReport& report) {
  Table table{"sources", "Where countries and ASes come from", {}, {}, false, {}};
  table.columns = {{"file", false}, {"kind", false}, {"built", false}, {"SHA-256", false}};
  for (const proto::GeoSource& source : report.geo_sources) {
    const std::string hash = HexEncode(source.sha256());
    table.rows.push_back({TextCell(PrintableText(source.file())),
                          TextCell(PrintableText(source.kind())),
                          TextCell(UtcText(source.built_unix_ms() / 1000)),
                          {hash.substr(0, 16) + "…", hash}});
    // Licences want this said where results are shown.
    if (!source.attribution().empty()) table.notes.push_back(PrintableText(source.attribution()));
  }
  return table;
}

std::vector<Table> ReportTables(const RunReport& report) {
  std::vector<Table> tables = {
      MeasuresTable(report),   PortsTable(report),    OutcomesTable(report),
      MultihomedTable(report), HarkTable(report),     RiskTable(report),
      QuantilesTable(report),  CoverageTable(report), SizesTable(report)};
  AddStatsTables(report, tables);
  if (report.facts) {
    for (Table& table : FactsTables(*report.facts)) tables.push_back(std::move(table));
  }
  if (!report.geo_sources.empty()) tables.push_back(SourcesTable(report));
  return tables;
}

}  // namespace hark

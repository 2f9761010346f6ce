#include "analysis/risk_tables.h"

#include <cstdio>

#include "base/outcome.h"
#include "base/strings.h"

namespace hark {
namespace {

// Shares of 0 to 1 and small sums: four decimals tell runs apart.
Cell Fraction(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4f", value);
  return TextCell(buffer);
}

}  // namespace

Table HarkTable(const RunReport& report) {
  const RiskReport& risk = report.reuse.risk;
  Table table{"hark", "HARK and its variants: hosts that re-use keys", {}, {}, false, {}};
  table.columns = {{"hosts", false}, {"with such keys"}, {"re-using"}, {"share"}};
  const auto add = [&](std::string name, const ReuseCount& count) {
    table.rows.push_back({TextCell(std::move(name)), CountCell(count.hosts),
                          CountCell(count.reusing), PercentCell(count.ratio())});
  };
  add("all", {report.crypto, report.clustered});
  add("without possibly multi-homed", risk.without_possible);
  add("possibly multi-homed as one host", risk.possible_as_one);
  add("by SSH keys", risk.ssh);
  add("by TLS keys", risk.tls);
  for (const auto& [port, count] : risk.by_port) add(StrCat("  keys on port ", port), count);
  table.notes = {
      "a host re-uses a key when another host has it, too, on whatever port",
      "clusters that may be one machine with several addresses are left out, or each is a host"};
  return table;
}

Table RiskTable(const RunReport& report) {
  const RiskReport& risk = report.reuse.risk;
  Table table{"risk", "Risk and concentration", {}, {}, false, {}};
  table.columns = {{"measure", false}, {"clusters"}, {"keys"}};
  table.rows.push_back({TextCell("sum of hosts squared"), CountCell(risk.cluster_squares),
                        CountCell(risk.key_squares)});
  table.rows.push_back({TextCell("  of each host with crypto"), DecimalCell(risk.cluster_risk()),
                        DecimalCell(risk.key_risk())});
  table.rows.push_back(
      {TextCell("hosts lost with one"), DecimalCell(risk.hosts_lost_with_one()), TextCell("")});
  table.rows.push_back({TextCell("Gini"), Fraction(risk.groups.gini), Fraction(risk.keys.gini)});
  table.rows.push_back({TextCell("share of the largest 1 %"),
                        Fraction(risk.groups.top_percent_share),
                        Fraction(risk.keys.top_percent_share)});
  table.notes = {"n hosts with one key risk n times what n hosts with keys of their own do",
                 "Gini and the largest 1 %: of hosts over clusters, lone hosts being clusters of "
                 "one; of uses over keys"};
  return table;
}

Table QuantilesTable(const RunReport& report) {
  Table table{"quantiles", "Sizes: hosts of a cluster, hosts of a key", {}, {}, false, {}};
  table.columns = {{"quantile", false}, {"clusters"}, {"keys"}};
  for (const int percent : {25, 50, 75, 90, 95, 99, 100}) {
    const double part = percent / 100.0;
    table.rows.push_back({TextCell(StrCat(percent, " %")),
                          CountCell(SizeQuantile(report.sizes.clusters_of_size, part)),
                          CountCell(SizeQuantile(report.reuse.risk.keys_of_hosts, part))});
  }
  table.notes = {"so many are of this size or smaller; no mean of two sizes is taken"};
  return table;
}

}  // namespace hark

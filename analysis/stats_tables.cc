#include "analysis/stats_tables.h"

#include <algorithm>

#include "analysis/json_text.h"
#include "base/strings.h"

namespace hark {
namespace {

// The Irish run had 170 combinations, most of them once; JSON has all of them.
constexpr size_t kCombinationsShown = 20;

std::vector<Cell> ReuseRow(std::string name, const ReusedSshKey& reused) {
  const bool none = reused.cluster.empty();
  const std::string key = none ? "" : reused.key.key.ToHex();
  return {TextCell(std::move(name)),       TextCell(none ? "none" : reused.cluster),
          CountCell(reused.cluster_hosts), CountCell(reused.key.host_ports),
          CountCell(reused.key.hosts),     {none ? "" : key.substr(0, 16) + "…", key}};
}

Cell Judged(const ClusterStats& stats, uint64_t n) {
  return stats.judged ? CountCell(n) : TextCell("not judged");
}

std::vector<Cell> StatsRow(const std::string& name, const ClusterStats& s) {
  return {TextCell(name),
          CountCell(s.hosts),
          CountCell(s.ases),
          CountCell(s.host_ports),
          CountCell(s.ssh_ports),
          CountCell(s.ssh_keys),
          CountCell(s.tls_ports),
          CountCell(s.tls_keys),
          Judged(s, s.trusted),
          Judged(s, s.wildcard),
          CountCell(s.most_reused.host_ports),
          CountCell(s.keys),
          CountCell(s.shared_keys),
          Judged(s, s.trusted_certs),
          Judged(s, s.wildcard_certs),
          TextCell(SeenText(s.first_seen_unix_ms)),
          TextCell(SeenText(s.last_seen_unix_ms))};
}

}  // namespace

std::string SeenText(int64_t unix_ms) {
  return unix_ms == 0 ? "" : UtcText(unix_ms / 1000);
}

Table SshReuseTable(const RunReport& report) {
  Table table{"ssh_reuse", "The SSH host keys re-used most", {}, {}, false, {}};
  table.columns = {{"of", false},  {"cluster", false}, {"its hosts"},
                   {"host/ports"}, {"hosts"},          {"key", false}};
  const SshReuse& reuse = report.reuse.ssh;
  table.rows = {ReuseRow("all clusters", reuse.most), ReuseRow("pure SSH clusters", reuse.pure)};
  table.notes = {StrCat("pure: no member shows a TLS key on any port; there are ",
                        WithThousands(reuse.pure_clusters), " such clusters")};
  return table;
}

Table TwoHostTable(const RunReport& report) {
  const TwoHostClusters& two = report.reuse.two_host;
  Table table{"two_host", "Clusters of two hosts by the ports that join them", {}, {}, false, {}};
  table.columns = {{"port pairs", false}, {"keys"}, {"clusters"}};
  uint64_t rest = 0;
  for (const TwoHostCombination& row : two.rows) {
    if (table.rows.size() == kCombinationsShown) {
      rest += row.clusters;
      continue;
    }
    table.rows.push_back(
        {TextCell(PortPairsText(row.pairs)), CountCell(row.keys), CountCell(row.clusters)});
  }
  if (rest > 0) {
    table.rows.push_back({TextCell(StrCat(two.rows.size() - kCombinationsShown, " others")),
                          TextCell(""), CountCell(rest)});
  }
  table.rows.push_back({TextCell("total"), TextCell(""), CountCell(two.clusters)});
  table.total = true;
  table.notes = {StrCat(WithThousands(two.combinations), " combinations of port pairs; ",
                        WithThousands(two.paper_combinations),
                        " when 25=443 and 443=25 are two, as the paper counts")};
  return table;
}

void AddStatsTables(const RunReport& report, std::vector<Table>& tables) {
  if (report.sizes.clusters == 0) return;
  tables.push_back(SshReuseTable(report));
  if (report.reuse.two_host.clusters > 0) tables.push_back(TwoHostTable(report));
}

Table ClusterStatsTable(const std::vector<ClusterStats>& stats,
                        const std::vector<std::string>& causes, const StatsTotals* totals) {
  Table table{"cluster_stats", "What the clusters are made of", {}, {}, false, {}};
  table.columns = {
      {"cluster", false},  {"IPs"},           {"ASes"},           {"crypto ports"},
      {"SSH ports"},       {"SSH keys"},      {"TLS ports"},      {"TLS keys"},
      {"browser-trusted"}, {"wildcard"},      {"most re-used"},   {"keys"},
      {"shared keys"},     {"trusted certs"}, {"wildcard certs"}, {"first seen", false},
      {"last seen", false}};
  if (!causes.empty()) table.columns.push_back({"suspected cause", false});
  for (size_t i = 0; i < stats.size(); ++i) {
    table.rows.push_back(StatsRow(stats[i].id, stats[i]));
    if (!causes.empty()) table.rows.back().push_back(TextCell(causes[i]));
  }
  if (totals != nullptr) {
    for (const auto& [name, total] :
         {std::pair{"each once", &totals->distinct}, std::pair{"summed", &totals->sum}}) {
      table.rows.push_back(StatsRow(name, *total));
      if (!causes.empty()) table.rows.back().push_back(TextCell(""));
    }
    table.total = true;
  }
  table.notes = {"browser-trusted, wildcard: host/ports; wildcard is part of browser-trusted",
                 "summed: what two clusters share counts twice, as in the paper"};
  return table;
}

}  // namespace hark

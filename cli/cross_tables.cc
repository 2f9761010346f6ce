#include "cli/cross_tables.h"

#include <algorithm>

#include "analysis/stats_tables.h"
#include "base/strings.h"

namespace hark {
namespace {

// The paper's Table XVII: how many pairs of clusters of two runs show a common key.
Table MatrixTable(const CrossLinks& links) {
  Table table{"matrix", "Links between clusters of two runs", {{"run", false}}, {}, false, {}};
  for (const std::string& label : links.labels) table.columns.push_back({label});
  uint64_t sum = 0;
  for (size_t i = 0; i < links.labels.size(); ++i) {
    std::vector<Cell> row = {TextCell(links.labels[i])};
    for (size_t j = 0; j < links.labels.size(); ++j) {
      row.push_back(i == j ? TextCell("x") : CountCell(links.matrix[i][j]));
      if (j > i) sum += links.matrix[i][j];
    }
    table.rows.push_back(std::move(row));
  }
  table.notes = {StrCat(WithThousands(sum), " links")};
  return table;
}

Table TotalsTable(const CrossLinks& links, const SuperClusters& super) {
  Table table{"totals", "Super-clusters", {{"measure", false}, {"count"}}, {}, false, {}};
  const auto add = [&](std::string name, uint64_t n) {
    table.rows.push_back({TextCell(std::move(name)), CountCell(n)});
  };
  add("links", links.links.size());
  add("linked clusters", links.nodes.size());
  add("components", super.clusters.size());
  add("  of more than one link", super.clusters.size() - super.additional);
  add("  of one link (additional)", super.additional);
  add("hosts, summed over the clusters", super.hosts_sum);
  add("hosts, each address once", super.hosts_distinct);
  return table;
}

Table ListTable(const SuperClusters& super, size_t rows) {
  Table table{
      "super_clusters", "Components of more than one link, most clusters first", {}, {}, false, {}};
  table.columns = {{"name", false}, {"clusters"}, {"runs"}, {"links"},
                   {"hosts"},       {"distinct"}, {"keys"}, {"linking keys"}};
  for (const SuperCluster& cluster : super.clusters) {
    if (cluster.additional() || table.rows.size() == rows) continue;
    table.rows.push_back({TextCell(cluster.name), CountCell(cluster.nodes.size()),
                          CountCell(cluster.runs), CountCell(cluster.links.size()),
                          CountCell(cluster.sum.hosts), CountCell(cluster.distinct.hosts),
                          CountCell(cluster.distinct.keys), CountCell(cluster.linking_key_count)});
  }
  const uint64_t all = super.clusters.size() - super.additional;
  if (table.rows.size() < all) {
    table.notes.push_back(StrCat(WithThousands(table.rows.size()), " of ", WithThousands(all),
                                 " shown; --format=json has all"));
  }
  return table;
}

Cell JudgedCell(const ClusterStats& stats, uint64_t n) {
  return stats.judged ? CountCell(n) : TextCell("not judged");
}

std::vector<Cell> StatsRow(std::string name, const ClusterStats& stats) {
  return {TextCell(std::move(name)),
          CountCell(stats.hosts),
          CountCell(stats.ases),
          CountCell(stats.host_ports),
          CountCell(stats.ssh_ports),
          CountCell(stats.ssh_keys),
          CountCell(stats.tls_ports),
          CountCell(stats.tls_keys),
          CountCell(stats.most_reused.host_ports),
          JudgedCell(stats, stats.trusted),
          JudgedCell(stats, stats.wildcard),
          JudgedCell(stats, stats.trusted_certs),
          JudgedCell(stats, stats.wildcard_certs),
          TextCell(SeenText(stats.first_seen_unix_ms)),
          TextCell(SeenText(stats.last_seen_unix_ms))};
}

// The paper's Tables XVIII to XX, turned: a row a member.
Table MembersOf(std::span<const ComparedRun* const> runs, const CrossLinks& links,
                const SuperCluster& cluster, const CrossSizes& sizes) {
  Table table{cluster.name, "Super-cluster " + cluster.name, {}, {}, false, {}};
  table.columns = {{"cluster", false},
                   {"hosts"},
                   {"ASes"},
                   {"host/ports"},
                   {"SSH ports"},
                   {"SSH keys"},
                   {"TLS ports"},
                   {"TLS keys"},
                   {"most re-used"},
                   {"browser-trusted"},
                   {"wildcard"},
                   {"trusted certs"},
                   {"wildcard certs"},
                   {"first seen", false},
                   {"last seen", false}};
  const size_t shown = std::min(sizes.members, cluster.nodes.size());
  for (size_t m = 0; m < shown; ++m) {
    const CrossNode& node = links.nodes[cluster.nodes[m]];
    table.rows.push_back(StatsRow(links.NameOf(node, *runs[node.run]), cluster.members[m]));
  }
  table.rows.push_back(StatsRow("sum", cluster.sum));
  table.rows.push_back(StatsRow("distinct", cluster.distinct));
  if (shown < cluster.nodes.size()) {
    table.notes.push_back(StrCat(WithThousands(shown), " of ", WithThousands(cluster.nodes.size()),
                                 " clusters shown; the other formats have all"));
  }
  if (!sizes.trust.empty()) table.notes.push_back(sizes.trust);
  return table;
}

}  // namespace

std::vector<Table> CrossTables(std::span<const ComparedRun* const> runs, const CrossLinks& links,
                               const SuperClusters& super, const CrossSizes& sizes) {
  std::vector<Table> out = {MatrixTable(links), TotalsTable(links, super)};
  Table list = ListTable(super, sizes.super_clusters);
  if (!list.rows.empty()) out.push_back(std::move(list));
  size_t details = 0;
  for (const SuperCluster& cluster : super.clusters) {
    if (cluster.additional() || details == sizes.detailed) continue;
    out.push_back(MembersOf(runs, links, cluster, sizes));
    ++details;
  }
  return out;
}

}  // namespace hark

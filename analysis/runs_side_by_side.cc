#include "analysis/runs_side_by_side.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "analysis/run_rows.h"
#include "analysis/runs_versions.h"
#include "base/ssh_port.h"
#include "base/strings.h"

namespace hark {
namespace {

using Runs = std::vector<const RunReport*>;

// The rows of all tables by name, each where the first table that has it has it; `column` of the
// i-th table becomes column i + 1.
Table JoinByRow(std::string name, std::string title, const Runs& runs,
                const std::vector<Table>& tables, size_t column) {
  Table out{std::move(name), std::move(title), {tables[0].columns[0]}, {}, false, {}};
  std::vector<std::string> names;
  for (const Table& table : tables) {
    auto after = names.begin();
    for (const std::vector<Cell>& row : table.rows) {
      const auto known = std::find(names.begin(), names.end(), row[0].shown);
      after = (known != names.end() ? known : names.insert(after, row[0].shown)) + 1;
    }
  }
  for (const std::string& row : names) out.rows.push_back({TextCell(row)});
  for (size_t i = 0; i < tables.size(); ++i) {
    out.columns.push_back({runs[i]->run});
    std::map<std::string, const Cell*> cells;
    for (const std::vector<Cell>& row : tables[i].rows) cells[row[0].shown] = &row[column];
    for (std::vector<Cell>& row : out.rows) {
      const auto at = cells.find(row[0].shown);
      row.push_back(at == cells.end() ? TextCell("") : *at->second);
    }
  }
  return out;
}

void AddMeasures(const Runs& runs, std::vector<Table>& out) {
  std::vector<Table> tables;
  for (const RunReport* run : runs) tables.push_back(MeasuresTable(*run));
  out.push_back(JoinByRow("measures_paper", "Hosts, keys and clusters, the paper's definitions",
                          runs, tables, 1));
  out.back().notes = {
      "median and average over the distinct sizes, each counted once; percentages truncated"};
  out.push_back(
      JoinByRow("measures_hark", "Hosts, keys and clusters, hark's definitions", runs, tables, 2));
  out.back().notes = {"median and average over all clusters; percentages exact"};
}

Table SweepTable(const Runs& runs) {
  Table table = RunRows("runs_sweep", "Addresses probed and listeners found");
  AddColumns(table, {"probed", "answered", "percent"});
  Share all;
  for (const RunReport* run : runs) {
    const Share share{run->coverage.plan.answered, run->coverage.plan.probed()};
    all.part += share.part;
    all.whole += share.whole;
    table.rows.push_back(
        {TextCell(run->run), CountCell(share.whole), CountCell(share.part), HundredthsCell(share)});
  }
  table.rows.push_back(
      {TextCell("total"), CountCell(all.whole), CountCell(all.part), HundredthsCell(all)});
  table.total = true;
  return table;
}

Table PortsOfRuns(const Runs& runs) {
  std::set<uint16_t> ports;
  for (const RunReport* run : runs) {
    for (const auto& [port, counts] : run->ports) ports.insert(port);
  }
  Table table = RunRows("runs_ports", "Hosts with a key, by port");
  for (const uint16_t port : ports) table.columns.push_back({std::to_string(port)});
  AddColumns(table, {"TLS total", "crypto IPs", "no crypto or abroad", "IPs"});
  for (const RunReport* run : runs) {
    std::vector<Cell> row = {TextCell(run->run)};
    uint64_t tls = 0;
    for (const uint16_t port : ports) {
      const auto at = run->ports.find(port);
      const uint64_t n = at == run->ports.end() ? 0 : at->second.host_ports;
      if (!IsSshPort(port)) tls += n;
      row.push_back(CountCell(n));
    }
    const uint64_t others = run->listeners - std::min(run->listeners, run->crypto);
    for (const uint64_t n : {tls, run->crypto, others, run->listeners}) row.push_back(CountCell(n));
    table.rows.push_back(std::move(row));
  }
  AddSums(table, "total");
  return table;
}

Table SshReuseOfRuns(const Runs& runs) {
  Table table = RunRows("runs_ssh_reuse", "The SSH host keys re-used most");
  table.columns.push_back({"cluster", false});
  AddColumns(table, {"re-uses", "its hosts"});
  table.columns.push_back({"pure cluster", false});
  AddColumns(table, {"pure re-uses", "pure clusters"});
  for (const RunReport* run : runs) {
    const SshReuse& reuse = run->reuse.ssh;
    const auto id = [](const ReusedSshKey& key) {
      return TextCell(key.cluster.empty() ? "none" : key.cluster);
    };
    table.rows.push_back({TextCell(run->run), id(reuse.most), CountCell(reuse.most.key.host_ports),
                          CountCell(reuse.most.cluster_hosts), id(reuse.pure),
                          CountCell(reuse.pure.key.host_ports), CountCell(reuse.pure_clusters)});
  }
  table.notes = {"pure: no member of the cluster shows a TLS key"};
  return table;
}

std::vector<Cell> MultihomedRow(const std::string& name, const MultihomedCounts& n,
                                uint64_t clusters) {
  return {TextCell(name),
          CountCell(n.mixed),
          CountCell(n.several_as),
          CountCell(n.multikey),
          CountCell(n.not_multihomed),
          PercentCell(n.not_multihomed, clusters),
          CountCell(n.possible),
          PercentCell(n.possible, clusters),
          CountCell(n.no_info),
          PercentCell(n.no_info, clusters),
          CountCell(clusters)};
}

Table MultihomedOfRuns(const Runs& runs) {
  Table table = RunRows("runs_multihomed", "Could clusters be one machine with several addresses?");
  AddColumns(table, {"mixed", "AS", "multikey", "non-MH", "non-MH %", "possible MH",
                     "possible MH %", "no info", "no info %", "clusters"});
  MultihomedCounts all;
  uint64_t clusters = 0;
  for (const RunReport* run : runs) {
    const MultihomedCounts& n = run->multihomed;
    table.rows.push_back(MultihomedRow(run->run, n, run->sizes.clusters));
    for (uint64_t MultihomedCounts::*count :
         {&MultihomedCounts::mixed, &MultihomedCounts::several_as, &MultihomedCounts::multikey,
          &MultihomedCounts::not_multihomed, &MultihomedCounts::possible,
          &MultihomedCounts::no_info}) {
      all.*count += n.*count;
    }
    clusters += run->sizes.clusters;
  }
  table.rows.push_back(MultihomedRow("total", all, clusters));
  table.total = true;
  table.notes = {"percentages truncated"};
  return table;
}

Table TwoHostOfRuns(const Runs& runs) {
  Table table = RunRows("runs_two_host", "Clusters of two hosts");
  AddColumns(table, {"clusters", "of all %", "combinations", "paper's count"});
  table.columns.push_back({"most frequent", false});
  table.columns.push_back({"its clusters"});
  for (const RunReport* run : runs) {
    const TwoHostClusters& two = run->reuse.two_host;
    const bool any = !two.rows.empty();
    table.rows.push_back({TextCell(run->run), CountCell(two.clusters),
                          PercentCell(two.clusters, run->sizes.clusters),
                          CountCell(two.combinations), CountCell(two.paper_combinations),
                          TextCell(any ? PortPairsText(two.rows[0].pairs) : ""),
                          CountCell(any ? two.rows[0].clusters : 0)});
  }
  return table;
}

Table SizesOfRuns(const Runs& runs) {
  std::set<uint64_t> sizes;
  for (const RunReport* run : runs) {
    for (const auto& [size, n] : run->sizes.clusters_of_size) sizes.insert(size);
  }
  Table table{"runs_sizes", "Clusters by size", {{"size"}}, {}, false, {}};
  for (const RunReport* run : runs) table.columns.push_back({run->run});
  for (const uint64_t size : sizes) {
    std::vector<Cell> row = {CountCell(size)};
    for (const RunReport* run : runs) {
      const auto at = run->sizes.clusters_of_size.find(size);
      row.push_back(CountCell(at == run->sizes.clusters_of_size.end() ? 0 : at->second));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Tables of one name below each other; a column that one of them lacks stays empty there.
void AddStacked(const Runs& runs, std::vector<Table>& out) {
  static const std::set<std::string_view> kJoined = {"measures",  "ports",    "multihomed",
                                                     "ssh_reuse", "two_host", "sizes"};
  std::map<std::string, size_t> place;
  for (const RunReport* run : runs) {
    for (const Table& table : ReportTables(*run)) {
      if (kJoined.contains(table.name)) continue;
      const auto [at, first] = place.emplace(table.name, out.size());
      if (first) out.push_back({table.name, table.title, {{"run", false}}, {}, false, {}});
      Table& stacked = out[at->second];
      std::vector<size_t> column_of;
      for (const Column& column : table.columns) {
        size_t i = 1;
        while (i < stacked.columns.size() && stacked.columns[i].heading != column.heading) ++i;
        if (i == stacked.columns.size()) stacked.columns.push_back(column);
        column_of.push_back(i);
      }
      for (const std::vector<Cell>& row : table.rows) {
        std::vector<Cell>& copy = stacked.rows.emplace_back(stacked.columns.size());
        copy[0] = TextCell(run->run);
        for (size_t i = 0; i < row.size(); ++i) copy[column_of[i]] = row[i];
      }
    }
  }
  for (Table& table : out) {
    for (std::vector<Cell>& row : table.rows) row.resize(table.columns.size());
  }
}

}  // namespace

std::vector<Table> SideBySideTables(const std::vector<const RunReport*>& runs) {
  std::vector<Table> out;
  AddMeasures(runs, out);
  out.push_back(SweepTable(runs));
  out.push_back(PortsOfRuns(runs));
  AddTlsVersions(runs, out);
  out.push_back(SshVersionsTable(runs));
  out.push_back(SshReuseOfRuns(runs));
  out.push_back(MultihomedOfRuns(runs));
  out.push_back(TwoHostOfRuns(runs));
  out.push_back(SizesOfRuns(runs));
  AddStacked(runs, out);
  return out;
}

}  // namespace hark

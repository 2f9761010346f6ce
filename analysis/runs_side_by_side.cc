#include "analysis/runs_side_by_side.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <string_view>

#include "base/strings.h"

namespace hark {
namespace {

using Runs = std::vector<const RunReport*>;

Cell Percent(uint64_t part, uint64_t whole) {
  return CountCell(Share{part, whole}.percent_truncated());
}

Cell Hundredths(const Share& share) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%.2f", 100 * share.ratio());
  return TextCell(buffer);
}

uint64_t NumberIn(const Cell& cell) {
  return ParseUint(cell.plain).value_or(0);
}

// Sums every column of numbers over the rows so far.
void AddSums(Table& table, std::string name) {
  std::vector<Cell> total = {TextCell(std::move(name))};
  for (size_t column = 1; column < table.columns.size(); ++column) {
    uint64_t sum = 0;
    for (const std::vector<Cell>& row : table.rows) sum += NumberIn(row[column]);
    total.push_back(table.columns[column].numbers ? CountCell(sum) : TextCell(""));
  }
  table.rows.push_back(std::move(total));
  table.total = true;
}

Table Named(std::string name, std::string title) {
  return {std::move(name), std::move(title), {{"run", false}}, {}, false, {}};
}

void AddColumns(Table& table, const std::vector<std::string>& headings) {
  for (const std::string& heading : headings) table.columns.push_back({heading});
}

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
  Table table = Named("runs_sweep", "Addresses probed and listeners found");
  AddColumns(table, {"probed", "answered", "percent"});
  Share all;
  for (const RunReport* run : runs) {
    const Share share{run->coverage.plan.answered, run->coverage.plan.probed()};
    all.part += share.part;
    all.whole += share.whole;
    table.rows.push_back(
        {TextCell(run->run), CountCell(share.whole), CountCell(share.part), Hundredths(share)});
  }
  table.rows.push_back(
      {TextCell("total"), CountCell(all.whole), CountCell(all.part), Hundredths(all)});
  table.total = true;
  return table;
}

Table PortsOfRuns(const Runs& runs) {
  std::set<uint16_t> ports;
  for (const RunReport* run : runs) {
    for (const auto& [port, counts] : run->ports) ports.insert(port);
  }
  Table table = Named("runs_ports", "Hosts with a key, by port");
  for (const uint16_t port : ports) table.columns.push_back({std::to_string(port)});
  AddColumns(table, {"TLS total", "crypto IPs", "no crypto or abroad", "IPs"});
  for (const RunReport* run : runs) {
    std::vector<Cell> row = {TextCell(run->run)};
    uint64_t tls = 0;
    for (const uint16_t port : ports) {
      const auto at = run->ports.find(port);
      const uint64_t n = at == run->ports.end() ? 0 : at->second.host_ports;
      if (ProtocolOfPort(port) != Protocol::kSsh) tls += n;
      row.push_back(CountCell(n));
    }
    const uint64_t others = run->listeners - std::min(run->listeners, run->crypto);
    for (const uint64_t n : {tls, run->crypto, others, run->listeners}) row.push_back(CountCell(n));
    table.rows.push_back(std::move(row));
  }
  AddSums(table, "total");
  return table;
}

std::vector<std::string> TlsVersions(const Runs& runs) {
  std::set<std::string> versions;
  for (const RunReport* run : runs) {
    for (const auto& [port, counts] : run->ports) {
      for (const auto& [version, n] : counts.tls_versions) versions.insert(version);
    }
  }
  return {versions.begin(), versions.end()};
}

// A row of counts by version and their sum.
std::vector<Cell> VersionRow(std::vector<Cell> row, const std::vector<std::string>& versions,
                             const std::map<std::string, uint64_t>& counts) {
  uint64_t all = 0;
  for (const std::string& version : versions) {
    const auto at = counts.find(version);
    const uint64_t n = at == counts.end() ? 0 : at->second;
    all += n;
    row.push_back(CountCell(n));
  }
  row.push_back(CountCell(all));
  return row;
}

// What each column is of the last one, from the row of sums.
void NoteShares(Table& table) {
  const std::vector<Cell>& total = table.rows.back();
  const uint64_t all = NumberIn(total.back());
  std::vector<std::string> parts;
  for (size_t i = 1; i + 1 < total.size(); ++i) {
    if (!table.columns[i].numbers) continue;
    parts.push_back(
        StrCat(table.columns[i].heading, " ", Hundredths({NumberIn(total[i]), all}).shown, " %"));
  }
  table.notes = {"of all: " + Join(parts, ", ")};
}

void AddTlsVersions(const Runs& runs, std::vector<Table>& out) {
  const std::vector<std::string> versions = TlsVersions(runs);
  Table by_port = Named("runs_tls", "Negotiated TLS versions, by port");
  by_port.columns.push_back({"port", false});
  Table total = Named("runs_tls_total", "Negotiated TLS versions");
  for (Table* table : {&by_port, &total}) {
    AddColumns(*table, versions);
    table->columns.push_back({"all"});
  }
  for (const RunReport* run : runs) {
    std::map<std::string, uint64_t> of_run;
    for (const auto& [port, counts] : run->ports) {
      if (ProtocolOfPort(port) == Protocol::kSsh) continue;
      for (const auto& [version, n] : counts.tls_versions) of_run[version] += n;
      by_port.rows.push_back(VersionRow({TextCell(run->run), TextCell(std::to_string(port))},
                                        versions, counts.tls_versions));
    }
    total.rows.push_back(VersionRow({TextCell(run->run)}, versions, of_run));
  }
  AddSums(total, "total");
  NoteShares(total);
  out.push_back(std::move(by_port));
  out.push_back(std::move(total));
}

Table SshVersionsTable(const Runs& runs) {
  std::set<std::string> seen;
  for (const RunReport* run : runs) {
    for (const auto& [version, n] : run->ssh_versions) seen.insert(version);
  }
  const std::vector<std::string> versions(seen.begin(), seen.end());
  Table table = Named("runs_ssh", "SSH protocol versions");
  AddColumns(table, versions);
  table.columns.push_back({"all"});
  for (const RunReport* run : runs) {
    table.rows.push_back(VersionRow({TextCell(run->run)}, versions, run->ssh_versions));
  }
  AddSums(table, "total");
  NoteShares(table);
  return table;
}

Table SshReuseOfRuns(const Runs& runs) {
  Table table = Named("runs_ssh_reuse", "The SSH host keys re-used most");
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
          Percent(n.not_multihomed, clusters),
          CountCell(n.possible),
          Percent(n.possible, clusters),
          CountCell(n.no_info),
          Percent(n.no_info, clusters),
          CountCell(clusters)};
}

Table MultihomedOfRuns(const Runs& runs) {
  Table table = Named("runs_multihomed", "Could clusters be one machine with several addresses?");
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
  Table table = Named("runs_two_host", "Clusters of two hosts");
  AddColumns(table, {"clusters", "of all %", "combinations", "paper's count"});
  table.columns.push_back({"most frequent", false});
  table.columns.push_back({"its clusters"});
  for (const RunReport* run : runs) {
    const TwoHostClusters& two = run->reuse.two_host;
    const bool any = !two.rows.empty();
    table.rows.push_back({TextCell(run->run), CountCell(two.clusters),
                          Percent(two.clusters, run->sizes.clusters), CountCell(two.combinations),
                          CountCell(two.paper_combinations),
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

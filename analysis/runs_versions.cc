#include "analysis/runs_versions.h"

#include <map>
#include <set>
#include <string>

#include "analysis/run_rows.h"
#include "base/ssh_port.h"
#include "base/strings.h"

namespace hark {
namespace {

using Runs = std::vector<const RunReport*>;

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
    parts.push_back(StrCat(table.columns[i].heading, " ",
                           HundredthsCell({NumberIn(total[i]), all}).shown, " %"));
  }
  table.notes = {"of all: " + Join(parts, ", ")};
}

}  // namespace

void AddTlsVersions(const Runs& runs, std::vector<Table>& out) {
  const std::vector<std::string> versions = TlsVersions(runs);
  Table by_port = RunRows("runs_tls", "Negotiated TLS versions, by port");
  by_port.columns.push_back({"port", false});
  Table total = RunRows("runs_tls_total", "Negotiated TLS versions");
  for (Table* table : {&by_port, &total}) {
    AddColumns(*table, versions);
    table->columns.push_back({"all"});
  }
  for (const RunReport* run : runs) {
    std::map<std::string, uint64_t> of_run;
    for (const auto& [port, counts] : run->ports) {
      if (IsSshPort(port)) continue;
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
  Table table = RunRows("runs_ssh", "SSH protocol versions");
  AddColumns(table, versions);
  table.columns.push_back({"all"});
  for (const RunReport* run : runs) {
    table.rows.push_back(VersionRow({TextCell(run->run)}, versions, run->ssh_versions));
  }
  AddSums(table, "total");
  NoteShares(table);
  return table;
}

}  // namespace hark

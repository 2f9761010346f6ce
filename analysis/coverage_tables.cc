#include "analysis/coverage_tables.h"

#include <algorithm>

#include "base/block_count.h"
#include "base/strings.h"

namespace hark {
namespace {

using Row = std::pair<uint32_t, PartLedger>;

template <typename Less>
std::vector<Row> Sorted(const std::map<uint32_t, PartLedger>& parts, const Less& before) {
  std::vector<Row> rows(parts.begin(), parts.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Row& a, const Row& b) { return before(a.second, b.second); });
  return rows;
}

}  // namespace

Table PortCoverageTable(const CoverageParts& parts) {
  Table table{"coverage_ports",
              "Coverage by port: the gate, and the hosts to be visited",
              {},
              {},
              false,
              {}};
  table.columns = {{"port"},      {"planned"}, {"silent"},  {"refused"},  {"unreachable"},
                   {"throttled"}, {"failed"},  {"pending"}, {"answered"}, {"grabbed"}};
  const auto add = [&](std::string name, const PortLedger& p) {
    std::vector<Cell>& row = table.rows.emplace_back();
    row.push_back(TextCell(std::move(name)));
    for (const uint64_t n : {p.planned, p.silent, p.refused, p.unreachable, p.throttled, p.failed,
                             p.pending, p.answered, p.grabbed}) {
      row.push_back(CountCell(n));
    }
  };
  if (parts.gate_port != 0) add(StrCat("gate ", parts.gate_port), parts.gate);
  for (const auto& [port, p] : parts.ports) add(std::to_string(port), p);
  table.notes = {
      "planned is the sum of the columns up to answered; grabbed showed a key, at the gate on any "
      "port; pending also counts hosts left out or purged since"};
  return table;
}

Table BlockCoverageTable(const CoverageParts& parts) {
  Table table{"coverage_blocks", "Coverage by /16", {}, {}, false, {}};
  table.columns = {{"prefix", false}, {"excluded"},    {"planned"},    {"silent"},
                   {"refused"},       {"unreachable"}, {"failed"},     {"excluded late"},
                   {"purged"},        {"pending"},     {"answered"},   {"visited"},
                   {"throttled"},     {"grabbed"},     {"answers all"}};
  const auto rows = Sorted(parts.blocks16, [](const PartLedger& a, const PartLedger& b) {
    return a.planned > b.planned;
  });
  for (const auto& [block, p] : rows) {
    std::vector<Cell>& row = table.rows.emplace_back();
    row.push_back(TextCell(Block16Name(block)));
    for (const uint64_t n :
         {p.excluded, p.planned, p.silent, p.refused, p.unreachable, p.failed, p.excluded_late,
          p.purged, p.pending, p.answered, p.visited, p.throttled, p.grabbed, p.answers_all}) {
      row.push_back(CountCell(n));
    }
  }
  table.notes = {
      "planned is the sum of the columns from silent to answered; the columns from "
      "throttled on are of the visited"};
  if (parts.unplaced > 0) {
    table.notes.push_back(StrCat("pending also counts ", WithThousands(parts.unplaced),
                                 " targets whose workers told of no single one"));
  }
  return table;
}

Table AsCoverageTable(const CoverageParts& parts) {
  Table table{"coverage_ases", "Coverage by AS: visited hosts", {}, {}, false, {}};
  table.columns = {{"AS", false}, {"visited"}, {"answered"}, {"grabbed"}};
  const auto rows = Sorted(
      parts.ases, [](const PartLedger& a, const PartLedger& b) { return a.visited > b.visited; });
  for (const auto& [asn, part] : rows) {
    table.rows.push_back({TextCell(asn == 0 ? "unknown" : StrCat("AS", asn)),
                          CountCell(part.visited), CountCell(part.answered),
                          CountCell(part.grabbed)});
  }
  return table;
}

}  // namespace hark

#include "analysis/run_rows.h"

#include <cstdio>

#include "base/strings.h"

namespace hark {

Cell PercentCell(uint64_t part, uint64_t whole) {
  return CountCell(Share{part, whole}.percent_truncated());
}

Cell HundredthsCell(const Share& share) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%.2f", 100 * share.ratio());
  return TextCell(buffer);
}

uint64_t NumberIn(const Cell& cell) {
  return ParseUint(cell.plain).value_or(0);
}

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

Table RunRows(std::string name, std::string title) {
  return {std::move(name), std::move(title), {{"run", false}}, {}, false, {}};
}

void AddColumns(Table& table, const std::vector<std::string>& headings) {
  for (const std::string& heading : headings) table.columns.push_back({heading});
}

}  // namespace hark

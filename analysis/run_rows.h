#pragma once

// What tables with a row a run are made of.

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/report_tables.h"

namespace hark {

// Without rows, and with the one column "run".
Table RunRows(std::string name, std::string title);
void AddColumns(Table& table, const std::vector<std::string>& headings);

// 0 for what is no number.
uint64_t NumberIn(const Cell& cell);
// A last row with the sum of every column of numbers, over the rows so far.
void AddSums(Table& table, std::string name);

// Truncated, as the paper prints them.
Cell PercentCell(uint64_t part, uint64_t whole);
// "12.34" of 100.
Cell HundredthsCell(const Share& share);

}  // namespace hark

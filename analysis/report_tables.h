#pragma once

// The report as tables, still values: what the rows and columns are, not how they look. Renderers
// (text, Markdown, CSV, HTML) know nothing about runs.

#include <string>
#include <vector>

#include "analysis/report.h"

namespace hark {

struct Cell {
  std::string shown;  // for people: "482,835", "21.11 %", "" = nothing to say
  std::string plain;  // for machines: "482835", "21.11"
};

Cell TextCell(std::string text);
Cell CountCell(uint64_t n);
// At most two decimals, no trailing zeros: 4.4, 2.67, 4.
Cell DecimalCell(double value);
// Of a share of 0 to 1, two decimals: "21.11 %", for machines "21.11".
Cell PercentCell(double share);

struct Column {
  std::string heading;
  bool numbers = true;  // aligned right
};

struct Table {
  std::string name;             // one word, stable: the first column of the CSV
  std::string title;            // a line for people
  std::vector<Column> columns;  // the first names the rows
  std::vector<std::vector<Cell>> rows;
  bool total = false;              // the last row sums the ones above
  std::vector<std::string> notes;  // sentences below the table
};

// The paper's Table IV, in the paper's definitions and in ours side by side.
Table MeasuresTable(const RunReport& report);
// Keys and negotiated versions by port (the paper's Tables VI, VII and X).
Table PortsTable(const RunReport& report);
// How the conversations on each port ended.
Table OutcomesTable(const RunReport& report);
// The paper's row of Table XII.
Table MultihomedTable(const RunReport& report);
// The coverage ledger: of the plan, and of the listeners found.
Table CoverageTable(const RunReport& report);
// How many clusters of which size.
Table SizesTable(const RunReport& report);

// The geo data: file, kind, date, hash, and who must be named. No rows without any.
Table SourcesTable(const RunReport& report);

// All of the above and those of risk_tables.h; no empty table of sources.
std::vector<Table> ReportTables(const RunReport& report);

}  // namespace hark

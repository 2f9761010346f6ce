#pragma once

// Tables as aligned text, Markdown and CSV. Pure: values in, strings out.

#include <string>
#include <vector>

#include "analysis/report_tables.h"

namespace hark {

// Which marks a terminal gets; a file or a pipe gets none.
struct TextStyle {
  bool colour = false;

  std::string Heading(const std::string& text) const;
  std::string Faint(const std::string& text) const;
  std::string Error(const std::string& text) const;
};

// What the terminal on stdout can show: colour unless NO_COLOR is set or TERM is "dumb".
TextStyle StyleOfStdout();

// Columns two blanks apart, numbers aligned right, a rule under the headings.
std::string TableAsText(const Table& table, const TextStyle& style);
std::string TableAsMarkdown(const Table& table);

// "table,row,column,value" a cell, without the heading line: one shape for all tables.
std::string TableAsCsv(const Table& table);
// A field of RFC 4180, quoted where it must be.
std::string CsvField(const std::string& text);

// Columns on a terminal: bytes that do not continue a UTF-8 sequence.
size_t DisplayWidth(std::string_view text);

// "2018-04-30T08:00:00Z"; "" for 0, which stands for "not yet".
std::string FormatUtc(int64_t unix_ms);

}  // namespace hark

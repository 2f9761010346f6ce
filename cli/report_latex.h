#pragma once

// Tables as LaTeX, to be \input into a paper: plain table floats that need no package. Everything
// that is text in them goes through Latex() once, so that no name can become a command.

#include <string>
#include <string_view>
#include <vector>

#include "analysis/report_tables.h"

namespace hark {

// Text in which every character that means something to TeX stands for itself. UTF-8 stays (LaTeX
// of 2018 and later reads it), control characters become blanks.
std::string Latex(std::string_view text);

// One float, caption above and notes below; \label{hark:NAME}.
std::string TableAsLatex(const Table& table);

// A comment, then the tables.
std::string ReportAsLatex(std::string_view headline, const std::vector<Table>& tables,
                          const std::vector<std::string>& errors);

}  // namespace hark

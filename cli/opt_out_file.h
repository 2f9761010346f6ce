#pragma once

// The operator's list of those who asked to be left out, as text. A line:
//
//   ENTRY [ENTRY …] [YYYY-MM-DD [REASON …]]   # comment
//
// ENTRY: an address, prefix, FIRST-LAST, of either family, or an AS ("AS64496"); blanks or commas
// between. The date says when they asked; what follows it to the end of the line says why, or who
// wrote. Both hold for all entries of the line.

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace hark {

struct OptOutLine {
  std::string entry;
  std::string date;    // "" = not told
  std::string reason;  // "" = not told

  bool operator==(const OptOutLine&) const = default;
};

// One for each entry. Errors name `path` and the line.
Result<std::vector<OptOutLine>> ParseOptOutText(std::string_view text, const std::string& path);
// "-": stdin.
Result<std::vector<OptOutLine>> ReadOptOutFile(const std::string& path);

}  // namespace hark

#pragma once

#include <string>
#include <string_view>

#include "base/range_set.h"
#include "base/status.h"

namespace hark {

// Addresses, prefixes and ranges, one or more a line (blanks or commas between), `#` comments.
// Errors name `path` and the line.
Result<RangeSet> ParseTargetList(std::string_view text, const std::string& path);

// What --targets and --exclude take: comma-separated pieces, each an address, prefix or range, or
// the name of a file of them, or "-" for stdin.
Result<RangeSet> ReadTargets(std::string_view spec);

}  // namespace hark

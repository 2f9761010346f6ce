#pragma once

// Lists of targets as the operator writes them: addresses, prefixes, ranges and names, one or more
// a line (blanks or commas between), `#` comments.

#include <string>
#include <string_view>
#include <vector>

#include "base/address_set.h"
#include "base/range_set.h"
#include "base/status.h"

namespace hark {

struct TargetWords {
  RangeSet v4;
  std::vector<Address> v6;         // one by one: IPv6 is visited where it is named, never swept
  std::vector<std::string> names;  // lower case, without a final dot; not resolved yet
};

// The longest IPv6 prefix or range that is a list of addresses and no sweep: 256, a /120.
inline constexpr uint64_t kMaxSpan6 = 256;

// Errors name `path` and the line.
Result<TargetWords> ParseTargetWords(std::string_view text, const std::string& path);

// What --targets takes: comma-separated pieces, each an address, prefix, range or name, or a file
// of them, or "-" for stdin. What is both a name and a file that is there, is the file.
Result<TargetWords> ReadTargetWords(std::string_view spec);

// What --exclude and --allow_special take: the same without names, and IPv6 prefixes of any length.
Result<AddressSet> ReadAddresses(std::string_view spec);

// A host name with at least one dot, as the DNS takes them (RFC 1123 section 2.1).
bool IsHostName(std::string_view text);

}  // namespace hark

#pragma once

// Where a survey must not go by default: the IANA IPv4 special-purpose address registry (RFC 6890
// and its successors, table of 2025-10) plus multicast and reserved space. A test holds the table
// against the RFCs; zmap-derived lists in the wild have 192.18.0.0/15 where 198.18.0.0/15 is meant.

#include <span>
#include <string_view>

#include "base/range_set.h"

namespace hark {

struct SpecialRange {
  std::string_view prefix;
  std::string_view name;
  bool openable;  // may be surveyed when the operator names it (--allow_special)
};

std::span<const SpecialRange> SpecialRanges();

// All special ranges, minus the parts `allowed` names. Fails when `allowed` reaches into a range
// that can never be opened (this network, multicast, reserved, broadcast), naming it.
Result<RangeSet> SpecialExclusions(const RangeSet& allowed);

}  // namespace hark

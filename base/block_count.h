#pragma once

// How a set of addresses spreads over /16s, the unit the coverage ledger and dry runs speak of.

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "base/address.h"
#include "base/range_set.h"

namespace hark {

// How many of its addresses lie in each /16, by the upper half of the address.
inline std::map<uint32_t, uint64_t> CountByBlock16(const RangeSet& set) {
  std::map<uint32_t, uint64_t> counts;
  for (const Range& range : set.ranges()) {
    for (uint64_t at = range.first; at <= range.last;) {
      const uint64_t end = std::min<uint64_t>(at | 0xffff, range.last);
      counts[static_cast<uint32_t>(at >> 16)] += end - at + 1;
      at = end + 1;
    }
  }
  return counts;
}

// "192.0.0.0/16" of its upper half.
inline std::string Block16Name(uint32_t block) {
  return Address::V4(block << 16).ToString() + "/16";
}

}  // namespace hark

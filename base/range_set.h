#pragma once

// A set of IPv4 addresses as sorted, disjoint, non-adjacent ranges: countries, exclusions, target
// sets. Building is O(n log n), the n-th address and its inverse O(log ranges). Ends are 64-bit and
// exclusive inside, so 255.255.255.255 needs no special case.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace hark {

struct Range {
  uint32_t first = 0;  // host byte order
  uint32_t last = 0;   // inclusive

  bool operator==(const Range&) const = default;
};

// "10.0.0.0/8", "10.0.0.7" or "10.0.0.1-10.0.0.9". A prefix with host bits set is an error that
// names the prefix meant. The message says what is wrong, without the text itself.
Result<Range> ParseRange(std::string_view text);

class RangeSet {
 public:
  RangeSet() = default;
  // Any order, overlaps allowed.
  explicit RangeSet(std::vector<Range> ranges);

  uint64_t size() const { return ends_.empty() ? 0 : ends_.back(); }  // addresses
  bool empty() const { return ranges_.empty(); }
  const std::vector<Range>& ranges() const { return ranges_; }

  // The n-th smallest address, n < size().
  uint32_t At(uint64_t n) const;
  // The inverse of At: nullopt when the address is not in the set.
  std::optional<uint64_t> Rank(uint32_t address) const;
  bool Contains(uint32_t address) const { return Rank(address).has_value(); }

  RangeSet Minus(const RangeSet& other) const;
  RangeSet Union(const RangeSet& other) const;
  RangeSet Intersect(const RangeSet& other) const;

  // 8 bytes a range, first and last in network order, sorted: the content whose SHA-256 names a
  // target set. Decode refuses anything Encode does not produce.
  std::string Encode() const;
  static std::optional<RangeSet> Decode(std::string_view bytes);

 private:
  std::vector<Range> ranges_;
  std::vector<uint64_t> ends_;  // ends_[i]: addresses in ranges_[0..i]
};

}  // namespace hark

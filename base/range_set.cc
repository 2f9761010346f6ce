#include "base/range_set.h"

#include <algorithm>

#include "base/address.h"
#include "base/bytes.h"
#include "base/strings.h"

namespace hark {
namespace {

Result<uint32_t> ParseV4(std::string_view text) {
  const std::optional<Address> address = Address::Parse(text);
  if (!address) return InvalidInput("not an IP address, prefix or range");
  if (!address->is_v4()) return InvalidInput("IPv6 cannot be swept; hark scans IPv4 here");
  return address->v4();
}

Result<Range> ParsePrefix(std::string_view address, std::string_view length_text) {
  HARK_ASSIGN_OR_RETURN(const uint32_t first, ParseV4(address));
  const std::optional<uint64_t> length = ParseUint(length_text);
  if (!length || *length > 32) return InvalidInput("prefix length must be 0 to 32");
  const uint32_t host_bits = *length == 32 ? 0 : ~uint32_t{0} >> *length;
  if ((first & host_bits) != 0) {
    return InvalidInput(StrCat("host bits are set; did you mean ",
                               Address::V4(first & ~host_bits).ToString(), "/", *length, "?"));
  }
  return Range{first, first | host_bits};
}

}  // namespace

Result<Range> ParseRange(std::string_view text) {
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    return ParsePrefix(text.substr(0, slash), text.substr(slash + 1));
  }
  if (const size_t dash = text.find('-'); dash != std::string_view::npos) {
    HARK_ASSIGN_OR_RETURN(const uint32_t first, ParseV4(Trim(text.substr(0, dash))));
    HARK_ASSIGN_OR_RETURN(const uint32_t last, ParseV4(Trim(text.substr(dash + 1))));
    if (last < first) return InvalidInput("the range ends before it begins");
    return Range{first, last};
  }
  HARK_ASSIGN_OR_RETURN(const uint32_t only, ParseV4(text));
  return Range{only, only};
}

RangeSet::RangeSet(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  for (const Range& range : ranges) {
    if (!ranges_.empty() && uint64_t{range.first} <= uint64_t{ranges_.back().last} + 1) {
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    } else {
      ranges_.push_back(range);
    }
  }
  uint64_t total = 0;
  ends_.reserve(ranges_.size());
  for (const Range& range : ranges_) {
    total += uint64_t{range.last} - range.first + 1;
    ends_.push_back(total);
  }
}

uint32_t RangeSet::At(uint64_t n) const {
  const auto it = std::upper_bound(ends_.begin(), ends_.end(), n);
  const size_t i = static_cast<size_t>(it - ends_.begin());
  const uint64_t before = i == 0 ? 0 : ends_[i - 1];
  return static_cast<uint32_t>(ranges_[i].first + (n - before));
}

std::optional<uint64_t> RangeSet::Rank(uint32_t address) const {
  const auto it = std::lower_bound(ranges_.begin(), ranges_.end(), address,
                                   [](const Range& r, uint32_t a) { return r.last < a; });
  if (it == ranges_.end() || it->first > address) return std::nullopt;
  const size_t i = static_cast<size_t>(it - ranges_.begin());
  return (i == 0 ? 0 : ends_[i - 1]) + (address - it->first);
}

RangeSet RangeSet::Minus(const RangeSet& other) const {
  std::vector<Range> out;
  size_t j = 0;
  for (const Range& range : ranges_) {
    uint64_t at = range.first;
    while (j < other.ranges_.size() && other.ranges_[j].last < range.first) ++j;
    for (size_t k = j; k < other.ranges_.size() && other.ranges_[k].first <= range.last; ++k) {
      if (other.ranges_[k].first > at) {
        out.push_back({static_cast<uint32_t>(at), other.ranges_[k].first - 1});
      }
      at = std::max(at, uint64_t{other.ranges_[k].last} + 1);
    }
    if (at <= range.last) out.push_back({static_cast<uint32_t>(at), range.last});
  }
  return RangeSet(std::move(out));
}

RangeSet RangeSet::Union(const RangeSet& other) const {
  std::vector<Range> all = ranges_;
  all.insert(all.end(), other.ranges_.begin(), other.ranges_.end());
  return RangeSet(std::move(all));
}

RangeSet RangeSet::Intersect(const RangeSet& other) const {
  return Minus(Minus(other));
}

std::string RangeSet::Encode() const {
  ByteWriter out;
  for (const Range& range : ranges_) {
    out.U32(range.first);
    out.U32(range.last);
  }
  return out.Take();
}

std::optional<RangeSet> RangeSet::Decode(std::string_view bytes) {
  if (bytes.size() % 8 != 0) return std::nullopt;
  std::vector<Range> ranges;
  ranges.reserve(bytes.size() / 8);
  ByteReader in(bytes);
  while (!in.empty()) {
    const Range range{in.U32(), in.U32()};
    const bool after_previous =
        ranges.empty() || uint64_t{range.first} > uint64_t{ranges.back().last} + 1;
    if (range.last < range.first || !after_previous) return std::nullopt;
    ranges.push_back(range);
  }
  return RangeSet(std::move(ranges));
}

}  // namespace hark

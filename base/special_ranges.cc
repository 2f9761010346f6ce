#include "base/special_ranges.h"

#include "base/log.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr SpecialRange kTable[] = {
    {"0.0.0.0/8", "this network (RFC 791)", false},
    {"10.0.0.0/8", "private use (RFC 1918)", true},
    {"100.64.0.0/10", "shared address space (RFC 6598)", true},
    {"127.0.0.0/8", "loopback (RFC 1122)", true},
    {"169.254.0.0/16", "link local (RFC 3927)", true},
    {"172.16.0.0/12", "private use (RFC 1918)", true},
    {"192.0.0.0/24", "IETF protocol assignments (RFC 6890)", true},
    {"192.0.2.0/24", "documentation TEST-NET-1 (RFC 5737)", true},
    {"192.31.196.0/24", "AS112-v4 (RFC 7535)", true},
    {"192.52.193.0/24", "AMT (RFC 7450)", true},
    {"192.88.99.0/24", "deprecated 6to4 relay anycast (RFC 7526)", true},
    {"192.168.0.0/16", "private use (RFC 1918)", true},
    {"192.175.48.0/24", "direct delegation AS112 (RFC 7534)", true},
    {"198.18.0.0/15", "benchmarking (RFC 2544)", true},
    {"198.51.100.0/24", "documentation TEST-NET-2 (RFC 5737)", true},
    {"203.0.113.0/24", "documentation TEST-NET-3 (RFC 5737)", true},
    {"224.0.0.0/4", "multicast (RFC 5771)", false},
    {"240.0.0.0/4", "reserved and broadcast (RFC 1112, RFC 919)", false},
};

Range RangeOf(const SpecialRange& special) {
  Result<Range> range = ParseRange(special.prefix);
  HARK_CHECK(range.ok());
  return *range;
}

}  // namespace

std::span<const SpecialRange> SpecialRanges() {
  return kTable;
}

Result<RangeSet> SpecialExclusions(const RangeSet& allowed) {
  std::vector<Range> ranges;
  for (const SpecialRange& special : kTable) {
    ranges.push_back(RangeOf(special));
    if (!special.openable && !allowed.Intersect(RangeSet({ranges.back()})).empty()) {
      return InvalidInput(StrCat(special.prefix, " can never be surveyed: ", special.name));
    }
  }
  return RangeSet(std::move(ranges)).Minus(allowed);
}

}  // namespace hark

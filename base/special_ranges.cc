#include "base/special_ranges.h"

#include <algorithm>
#include <initializer_list>
#include <vector>

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

AddressSet Known(std::initializer_list<std::string_view> prefixes) {
  std::vector<AddressSpan> spans;
  for (const std::string_view prefix : prefixes) spans.push_back(*ParseSpan(prefix));
  return AddressSet(spans);
}

// All but global unicast space (RFC 4291 section 2.4), and what is special inside it: protocol
// assignments with Teredo and ORCHID, documentation twice, 6to4, direct delegation AS112.
const AddressSet& Special6() {
  static const AddressSet special = Known({"::/0"})
                                        .Minus(Known({"2000::/3"}))
                                        .Union(Known({"2001::/23", "2001:db8::/32", "2002::/16",
                                                      "2620:4f:8000::/48", "3fff::/20"}));
  return special;
}

// Unspecified and IPv4-compatible; IPv4-mapped; translated (RFC 6052, RFC 8215); 6to4 and Teredo,
// which hold an IPv4 address too; multicast.
const AddressSet& Never6() {
  static const AddressSet never = Known({"ff00::/8", "::/96", "::ffff:0:0/96", "64:ff9b::/96",
                                         "64:ff9b:1::/48", "2002::/16", "2001::/32"})
                                      .Minus(Known({"::1"}));
  return never;
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

Result<AddressSet> SpecialExclusionsOf(const AddressSet& allowed) {
  HARK_ASSIGN_OR_RETURN(const RangeSet v4, SpecialExclusions(allowed.v4()));
  const AddressSet never = allowed.Minus(allowed.Minus(Never6()));
  if (!never.v6().empty()) {
    return InvalidInput(StrCat(never.v6().front().first.ToString(),
                               " can never be surveyed: multicast, unspecified, or an IPv4 "
                               "address in disguise"));
  }
  return Special6().Minus(AddressSet(allowed)).Union(AddressSet(v4));
}

bool Prefix6::Contains(const Address& address) const {
  if (address.is_v4() || first.is_v4()) return false;
  for (uint32_t bit = 0; bit < length; bit += 8) {
    const uint32_t used = std::min<uint32_t>(8, length - bit);
    const uint8_t mask = static_cast<uint8_t>(0xff << (8 - used));
    const size_t at = bit / 8;
    if (((static_cast<uint8_t>(address.bytes()[at]) ^ static_cast<uint8_t>(first.bytes()[at])) &
         mask) != 0) {
      return false;
    }
  }
  return true;
}

Result<Prefix6> Prefix6::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<Address> first = Address::Parse(text.substr(0, slash));
  if (!first || first->is_v4()) return InvalidInput("not an IP address, prefix or range");
  if (slash == text.npos) return Prefix6{*first, 128};
  const std::optional<uint64_t> length = ParseUint(text.substr(slash + 1));
  if (!length || *length > 128) return InvalidInput("prefix length must be 0 to 128");
  return Prefix6{*first, static_cast<uint32_t>(*length)};
}

bool IsGlobalAddress(const Address& address) {
  static const AddressSet special = *SpecialExclusionsOf(AddressSet());
  // An IPv6 address that holds an IPv4 one is none, whatever it holds.
  return !special.Contains(address);
}

bool IsNeverOpenable6(const Address& address) {
  return !address.is_v4() && Never6().Contains(address);
}

}  // namespace hark

#pragma once

// Where a survey must not go by default: the IANA IPv4 special-purpose address registry (RFC 6890
// and its successors, table of 2025-10) plus multicast and reserved space. A test holds the table
// against the RFCs; zmap-derived lists in the wild have 192.18.0.0/15 where 198.18.0.0/15 is meant.

//
// Of IPv6, what the IANA IPv6 special-purpose registry (2025-10) leaves of global unicast space.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/address_set.h"
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

// The same for both families; `allowed` may open ::1, and what is not global unicast, of IPv6 too.
Result<AddressSet> SpecialExclusionsOf(const AddressSet& allowed);

// "2001:db8::/32"; an address alone is its /128.
struct Prefix6 {
  Address first;
  uint32_t length = 128;  // bits

  bool Contains(const Address& address) const;
  // The message says what is wrong, without the text itself.
  static Result<Prefix6> Parse(std::string_view text);
};

// In no special range: what the whole Internet could reach, and somebody's own. Of IPv6, global
// unicast space (2000::/3, RFC 4291 §2.4) without its special parts.
bool IsGlobalAddress(const Address& address);
// Multicast, the unspecified address and IPv6 addresses that hold an IPv4 address, which would slip
// past the rules for IPv4: these cannot be opened by name. Only of IPv6; ::1 is not among them.
bool IsNeverOpenable6(const Address& address);

}  // namespace hark

#pragma once

// Which addresses may be contacted at all, for commands that look at hosts without a plan: what is
// special is closed unless opened by name, what asked to be left out is closed for good.
//
// IPv4 follows base/special_ranges.h. Of IPv6, global unicast space (2000::/3, RFC 4291 §2.4)
// without its special parts is open; the rest can be opened, except multicast, the unspecified
// address and IPv4 addresses in disguise, which would slip past the rules for IPv4.
//
// Threads: immutable once made.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/range_set.h"
#include "base/status.h"

namespace hark {

// "2001:db8::/32"; an address alone is its /128.
struct Prefix6 {
  Address first;
  uint32_t length = 128;  // bits

  bool Contains(const Address& address) const;
  // The message says what is wrong, without the text itself.
  static Result<Prefix6> Parse(std::string_view text);
};

class ContactRules {
 public:
  // Each piece an address, prefix, IPv4 range or file of them. Errors name the flag.
  static Result<ContactRules> Make(const std::vector<std::string>& allow_special,
                                   const std::vector<std::string>& exclude);

  bool MayContact(const Address& address) const;
  // The IPv4 addresses MayContact says no to.
  const RangeSet& closed_v4() const { return closed_v4_; }

  // Not in any special range: somebody else's.
  static bool IsPublic(const Address& address);

 private:
  RangeSet closed_v4_;
  std::vector<Prefix6> opened_v6_;
  std::vector<Prefix6> excluded_v6_;
};

}  // namespace hark

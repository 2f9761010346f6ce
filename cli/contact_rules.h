#pragma once

// Which addresses may be contacted at all, for commands that look at hosts without a plan: what is
// special is closed unless opened by name, what asked to be left out is closed for good.
//
// What is special is in base/special_ranges.h. Of IPv6, what is not global can be opened too,
// except multicast, the unspecified address and IPv4 addresses in disguise.
//
// Threads: immutable once made.

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/range_set.h"
#include "base/special_ranges.h"
#include "base/status.h"

namespace hark {

class ContactRules {
 public:
  // Each piece an address, prefix, IPv4 range or file of them. Errors name the flag.
  static Result<ContactRules> Make(const std::vector<std::string>& allow_special,
                                   const std::vector<std::string>& exclude);

  bool MayContact(const Address& address) const;
  // The IPv4 addresses MayContact says no to.
  const RangeSet& closed_v4() const { return closed_v4_; }

 private:
  RangeSet closed_v4_;
  std::vector<Prefix6> opened_v6_;
  std::vector<Prefix6> excluded_v6_;
};

}  // namespace hark

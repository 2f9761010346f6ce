#pragma once

// Addresses that must not be contacted, as sorted ranges of both families: a job's own exclusions,
// and the opt-outs that hold for all jobs. An immutable value; a look-up is O(log ranges).
//
// Threads: const calls from any.

#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/range_set.h"
#include "base/status.h"

namespace hark {

class ExclusionFilter {
 public:
  // On the wire: first and last address in network order, 8 bytes for IPv4, 32 for IPv6. A range
  // turned round excludes what lies between: too much excluded is the safe mistake. kInvalidInput
  // for any other length.
  template <typename Ranges>
  static Result<ExclusionFilter> Parse(const Ranges& ranges) {
    ExclusionFilter filter;
    std::vector<Range> v4;
    for (const std::string& bytes : ranges) {
      HARK_RETURN_IF_ERROR(filter.Add(bytes, &v4));
    }
    filter.Finish(std::move(v4));
    return filter;
  }

  // ::ffff:192.0.2.1 is 192.0.2.1: the kernel reaches it over IPv4 (RFC 4291 §2.5.5.2), and no
  // exclusion is got round by writing an address differently.
  bool Contains(const Address& address) const;
  // The same for an IPv4 address in host byte order; 20 to 60 ns.
  bool ContainsV4(uint32_t address) const { return v4_.Contains(address); }
  bool empty() const { return v4_.empty() && v6_.empty(); }

 private:
  Status Add(const std::string& bytes, std::vector<Range>* v4);
  void Finish(std::vector<Range> v4);

  RangeSet v4_;
  std::vector<std::pair<std::string, std::string>> v6_;  // disjoint, ascending; 16 bytes each
};

}  // namespace hark

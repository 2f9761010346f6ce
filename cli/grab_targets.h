#pragma once

// The hosts `hark grab` was pointed at, each once with all its ports, however often and in whatever
// form they were named. Prefixes stay ranges: a /8 costs no more memory than an address.
//
// Threads: none.

#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/range_set.h"
#include "base/status.h"
#include "cli/contact_rules.h"

namespace hark {

struct GrabTarget {
  Address address;
  std::vector<uint16_t> ports;  // ascending
};

class GrabTargets {
 public:
  explicit GrabTargets(std::vector<uint16_t> default_ports);

  // ADDR, ADDR:PORT, [V6]:PORT, a prefix or FIRST-LAST; an IPv6 prefix of a /112 at most. Names are
  // not resolved. The message says what is wrong, without the word itself.
  Status Add(std::string_view word);

  // Ends adding: takes out what may not be contacted. Gives how many hosts that were.
  uint64_t Close(const ContactRules& rules);

  // After Close.
  uint64_t size() const { return plain_.size() + special_.size(); }
  GrabTarget At(uint64_t index) const;
  // Those that belong to strangers.
  uint64_t CountPublic() const;

 private:
  Status AddWithPort(std::string_view address, std::string_view port);
  Status AddPrefix6(std::string_view word);
  void AddHost(const Address& address, uint16_t port);

  const std::vector<uint16_t> default_ports_;
  std::vector<Range> ranges_;                     // until Close
  std::map<Address, std::set<uint16_t>> wishes_;  // until Close; default ports included where meant
  RangeSet plain_;                                // IPv4, default ports
  std::vector<GrabTarget> special_;               // the others
};

}  // namespace hark

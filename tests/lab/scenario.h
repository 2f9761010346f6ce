#pragma once

// What the lab pretends to be: a country of hosts, each with its services, keys and manners. A
// Scenario is a plain value: generators make one, a text file holds one (schema: docs/lab.md), the
// servers and the truth are both read off it. Keys are known by name; the same name is the same
// key, wherever it is used.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/range_set.h"
#include "base/status.h"
#include "tests/lab/service.h"

namespace hark::lab {

struct Host {
  Address address;
  uint32_t asn = 0;
  std::string country;
  std::vector<Service> services;

  bool operator==(const Host&) const = default;
};

struct Prefix {
  Range range;  // a CIDR block of IPv4
  uint32_t asn = 0;
  std::string country;
  bool target = true;  // part of targets.txt

  bool operator==(const Prefix&) const = default;
};

struct Scenario {
  std::string run;      // e.g. "NA-20180430"
  std::string country;  // two capitals
  std::vector<Prefix> prefixes;
  std::vector<Host> hosts;
  std::map<std::string, KeyType> key_types;  // every key used, after Complete()

  bool operator==(const Scenario&) const = default;
};

// Network behind asn/country of an address: the most specific prefix, nullptr if none.
const Prefix* LongestPrefix(const Scenario& scenario, const Address& address);
// Whether a scan of the scenario is to visit the address.
bool IsTarget(const RangeSet& targets, const Address& address);
// Every IPv4 address a scan of the scenario is to visit.
RangeSet Targets(const Scenario& scenario);
// "127.16.0.0/14" of a range that is a block.
std::string CidrText(const Range& range);

// Gives every key a type: those without one are ecdsa-p256 if TLS uses them, else ed25519. A
// scenario without prefixes gets one /32 per host.
void Complete(Scenario& scenario);

// Text to scenario, completed. A mistake is "FILE:LINE: what" (kInvalidInput).
Result<Scenario> ParseScenario(std::string_view text, std::string_view file_name);
// The inverse: ParseScenario(FormatScenario(s)) == s.
std::string FormatScenario(const Scenario& scenario);

}  // namespace hark::lab

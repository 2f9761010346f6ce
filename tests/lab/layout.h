#pragma once

#include <cstdint>
#include <string>

#include "base/permutation.h"
#include "base/range_set.h"
#include "tests/lab/scenario.h"

namespace hark::lab {

// Deals out the addresses of a scenario's prefixes in an order that looks random: neighbours in the
// scenario are far apart on the network.
class AddressDealer {
 public:
  AddressDealer(const Scenario& scenario, uint64_t seed);
  uint32_t Next();  // at most Targets(scenario).size() times

 private:
  RangeSet space_;
  Permutation order_;
  uint64_t dealt_ = 0;
};

// A scenario of n addresses, no hosts yet, everything in AS 1.
Result<Scenario> EmptyCountry(std::string run, std::string country, uint64_t n);

// Services as generators write them.
Service TlsService(uint16_t port, std::string key);
Service SshService(std::string key);
Service PlainSmtp();  // answers on the gate port, has no TLS

}  // namespace hark::lab

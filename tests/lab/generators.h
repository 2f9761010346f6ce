#pragma once

// Scenarios made to order. All are pure functions of their arguments: the same call gives the same
// addresses, keys (by name) and manners on every machine.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/range_set.h"
#include "base/status.h"
#include "tests/lab/scenario.h"

namespace hark::lab {

// Which address ranges hold n addresses in 127.0.0.0/8, outside 127.0.0.0/16 (where the machine's
// own services live): one CIDR block per one-bit of n, largest first, apart from each other as long
// as there is room. n from 1 to 16,000,000.
Result<std::vector<Range>> LayOut(uint64_t n);

// The run of the paper, rebuilt: so far "NA-20180430" (551 listeners among 482,835 addresses, ASNs
// and TLS versions included).
Result<Scenario> PaperScenario(std::string_view run);

struct SizesOptions {
  std::string sizes;  // "2*18 3*9 4": size*count, count 1 left out
  std::string country = "XX";
  uint64_t local_only = 0;  // hosts with keys nobody else has
  uint64_t no_crypto = 0;   // hosts without any key
  uint64_t targets = 0;     // addresses in all; 0 is four per host
  uint64_t seed = 1;
};
// Clusters of the sizes asked for, held together by one key, by chains of two-host keys, or by one
// key on different ports, in turn.
Result<Scenario> SizesScenario(const SizesOptions& options);

struct CountryOptions {
  uint64_t hosts = 0;
  uint64_t seed = 1;
  std::string country = "XX";
  uint64_t targets = 0;  // addresses in all; 0 is four per host
};
// A random country: every service, key type and behaviour, keys shared across hosts and protocols.
Result<Scenario> CountryScenario(const CountryOptions& options);

}  // namespace hark::lab

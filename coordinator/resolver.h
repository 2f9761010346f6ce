#pragma once

// Names to addresses, A and AAAA, by the DNS alone (no hosts file, no search domains): what a list
// of names means when a plan is made from it. Few questions at once, each repeated once, and an end
// to all of them: a name that gets no answer in time is a name without an address.
//
// Threads: none of its own; the call returns when all is known.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "base/time.h"

namespace hark {

struct ResolverOptions {
  std::string server;  // "ADDR:PORT", "[V6]:PORT" or an address; "" = as the machine is set up
  size_t parallel = 32;
  Duration one_try = std::chrono::seconds(3);
  int tries = 2;
  Duration all = std::chrono::minutes(10);
};

struct ResolvedNames {
  std::map<std::string, std::vector<Address>> addresses;  // sorted, distinct; never empty
  std::map<std::string, std::string> failed;              // why, e.g. "Domain name not found"
};

// kInvalidInput: that is no server. kUnavailable: the resolver cannot be set up.
Result<ResolvedNames> ResolveNames(const std::vector<std::string>& names,
                                   const ResolverOptions& options);

}  // namespace hark

#pragma once

// Network namespaces: is this one ours to arrange, and arranging it.

#include <string>
#include <vector>

#include "base/range_set.h"
#include "base/status.h"
#include "tests/lab/internet.h"

namespace hark::lab {

// Whether this process is in a network namespace that is not the machine's: the only place where
// the lab may add routes or packet filter rules.
bool InOwnNetwork();

// Routes every range outside 127.0.0.0/8 to ourselves and gives the loopback every IPv6 host
// but ::1, since IPv6 binds to no address for a route alone. Only in an own network.
Status MakeLocal(const std::vector<Range>& ranges, const std::vector<Endpoint>& endpoints);

// The packet filter behind wildcard listeners: at the lab's ports, a SYN to an address that has no
// such service is answered with RST, one to a silent service is dropped, everything else passes.
std::string FilterRules(const std::vector<Endpoint>& endpoints);
// Loads rules with nft(8). Fails when nft is missing or not permitted.
Status LoadFilter(const std::string& rules);

}  // namespace hark::lab

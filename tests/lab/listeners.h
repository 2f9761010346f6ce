#pragma once

// The lab's listening sockets. docs/decisions/0002-lab-listeners.md says why there are two ways.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"
#include "tests/lab/internet.h"

namespace hark::lab {

enum class ListenMode {
  kAuto,      // wildcard where possible, else bound
  kWildcard,  // one socket a port; needs a network of our own and nft
  kBound,     // one socket for each (address, port)
};
std::optional<ListenMode> ParseListenMode(std::string_view name);

struct Listeners {
  std::vector<UniqueFd> sockets;  // non-blocking, listening
  bool wildcard = false;
};

// Opens them all, or says which one could not be. Raises RLIMIT_NOFILE as far as it goes.
// When this is our own network, targets and IPv6 hosts are made local first.
Result<Listeners> OpenListeners(ListenMode mode, const std::vector<Endpoint>& endpoints,
                                const std::vector<Range>& targets);

// How many descriptors the process may have.
uint64_t DescriptorLimit();

}  // namespace hark::lab

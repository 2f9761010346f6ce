#pragma once

// ADDRESS:PORT as operators write it.

#include <cstdint>
#include <string>

#include "base/address.h"
#include "base/status.h"

namespace hark {

// With an address, not a name: asking DNS would be contacting somebody else.
struct HostPort {
  Address address;
  uint16_t port = 0;
};

// IPV4:PORT or [IPV6]:PORT, the port 1 to 65535.
Result<HostPort> ParseHostPort(const std::string& text);

}  // namespace hark

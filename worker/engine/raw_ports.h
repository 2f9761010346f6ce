#pragma once

// A source-port range of our own: a bound socket on each port, so that neither the kernel nor
// another program (nor a second worker) takes one while SYNs with it are under way. A bound socket
// answers nothing: to a SYN+ACK the kernel says RST.

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"

namespace hark {

// Descriptors are what it costs.
inline constexpr uint16_t kMaxHeldPorts = 256;
inline constexpr uint16_t kDefaultHeldPorts = 40;

struct HeldPorts {
  uint16_t first = 0;
  uint16_t last = 0;
  std::vector<UniqueFd> sockets;
};

// Both 0: the first free kDefaultHeldPorts above net.ipv4.ip_local_port_range, else below it.
// kInvalidInput when a named range is none, is too wide, or somebody has one of its ports.
Result<HeldPorts> HoldPorts(uint16_t first, uint16_t last);

}  // namespace hark

#pragma once

// Where our connections come from: the addresses and the range of ports an operator announces, so
// that whoever is called can tell us by them.
//
// One port serves many destinations; only the pair of both ends must differ. So ports are chosen at
// connect(), by the kernel where it can (IP_BIND_ADDRESS_NO_PORT, Linux 4.2; IP_LOCAL_PORT_RANGE,
// Linux 6.3), or taken in turn from the range with SO_REUSEADDR. The kernel takes no port outside
// net.ipv4.ip_local_port_range or in ip_local_reserved_ports by itself: such ranges go in turn,
// too.
//
// Threads: one.

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/status.h"

namespace hark {

struct Source {
  // One for each family; nullopt = the kernel chooses.
  std::optional<Address> v4 = std::nullopt;
  std::optional<Address> v6 = std::nullopt;
  // Both 0: the kernel chooses.
  uint16_t first_port = 0;
  uint16_t last_port = 0;

  bool has_ports() const { return first_port != 0; }
};

// kInvalidInput when an address is not this machine's.
Status CheckSource(const Source& source);

class SourceBinder {
 public:
  enum class Ports : uint8_t {
    kAny,
    kKernel,  // from the range, chosen at connect()
    kInTurn,
  };

  explicit SourceBinder(const Source& source);
  SourceBinder(const Source& source, Ports ports);

  // Prepares a socket of that family for connect(). 0 or an errno.
  int Bind(int fd, bool v4);
  Ports ports() const { return ports_; }

 private:
  uint16_t NextPort();

  Source source_;
  Ports ports_;
  uint16_t next_port_;
};

}  // namespace hark

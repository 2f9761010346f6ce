#pragma once

// An Address and a port as the kernel wants them.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "base/address.h"

namespace hark {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress ToSocketAddress(const Address& address, uint16_t port);

// The IPv4 address a packet would go to: its own, or the one inside ::ffff:0:0/96, which the kernel
// reaches over IPv4 (RFC 4291 §2.5.5.2).
std::optional<uint32_t> V4Destination(const Address& address);

}  // namespace hark

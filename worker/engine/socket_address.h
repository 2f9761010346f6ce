#pragma once

// An Address and a port as the kernel wants them.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "base/address.h"

namespace hark {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress ToSocketAddress(const Address& address, uint16_t port);

}  // namespace hark

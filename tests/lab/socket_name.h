#pragma once

// The kernel's names of sockets, IPv4 and IPv6, as values.

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"

namespace hark::lab {

struct SocketName {
  Address address;
  uint16_t port = 0;
};

// "127.0.0.1:22", "[::1]:22".
std::string HostPort(const Address& address, uint16_t port);

// Both ends of a connection; nullopt when it is gone.
std::optional<SocketName> OwnEnd(int fd);
std::optional<SocketName> ClientEnd(int fd);

// For bind() and connect().
struct KernelName {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
KernelName ToKernel(const Address& address, uint16_t port);

}  // namespace hark::lab

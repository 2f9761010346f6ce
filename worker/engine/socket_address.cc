#include "worker/engine/socket_address.h"

#include <cstring>

#include "base/bytes.h"

namespace hark {

SocketAddress ToSocketAddress(const Address& address, uint16_t port) {
  SocketAddress out;
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(address.v4());
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes().data(), address.bytes().size());
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.size = sizeof v6;
  }
  return out;
}

std::optional<uint32_t> V4Destination(const Address& address) {
  if (address.is_v4()) return address.v4();
  ByteReader reader(address.bytes());
  const bool mapped = reader.U64() == 0 && reader.U16() == 0 && reader.U16() == 0xffff;
  return mapped ? std::optional(reader.U32()) : std::nullopt;
}

}  // namespace hark

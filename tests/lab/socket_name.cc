#include "tests/lab/socket_name.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "base/strings.h"

namespace hark::lab {
namespace {

std::optional<SocketName> FromKernel(const sockaddr_storage& name) {
  if (name.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &name, sizeof v4);
    return SocketName{Address::V4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  if (name.ss_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &name, sizeof v6);
  const auto address = Address::FromBytes({reinterpret_cast<const char*>(&v6.sin6_addr), 16});
  if (!address.has_value()) return std::nullopt;
  return SocketName{*address, ntohs(v6.sin6_port)};
}

template <typename Ask>
std::optional<SocketName> EndOf(int fd, Ask ask) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (ask(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return std::nullopt;
  return FromKernel(name);
}

}  // namespace

std::string HostPort(const Address& address, uint16_t port) {
  const std::string text = address.ToString();
  return address.is_v4() ? StrCat(text, ':', port) : StrCat('[', text, "]:", port);
}

std::optional<SocketName> OwnEnd(int fd) {
  return EndOf(fd, ::getsockname);
}
std::optional<SocketName> ClientEnd(int fd) {
  return EndOf(fd, ::getpeername);
}

KernelName ToKernel(const Address& address, uint16_t port) {
  KernelName out;
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(address.v4());
    v4.sin_port = htons(port);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.size = sizeof v4;
    return out;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
  v6.sin6_port = htons(port);
  std::memcpy(&out.storage, &v6, sizeof v6);
  out.size = sizeof v6;
  return out;
}

}  // namespace hark::lab

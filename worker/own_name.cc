#include "worker/own_name.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/log.h"
#include "base/special_ranges.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace hark {
namespace {

constexpr char kWhere[] = "worker/own_name";
// RFC 5321 §4.5.3.1.2.
constexpr size_t kMaxDomain = 255;

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

socklen_t Fill(const Address& address, SocketAddress* out) {
  std::memset(out, 0, sizeof *out);
  if (address.is_v4()) {
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(9);
    std::memcpy(&out->v4.sin_addr, address.bytes().data(), 4);
    return sizeof out->v4;
  }
  out->v6.sin6_family = AF_INET6;
  out->v6.sin6_port = htons(9);
  std::memcpy(&out->v6.sin6_addr, address.bytes().data(), 16);
  return sizeof out->v6;
}

std::optional<Address> Read(const SocketAddress& from) {
  const void* bytes = from.any.sa_family == AF_INET6 ? static_cast<const void*>(&from.v6.sin6_addr)
                                                     : &from.v4.sin_addr;
  return Address::FromBytes(
      {static_cast<const char*>(bytes), from.any.sa_family == AF_INET6 ? 16U : 4U});
}

class SystemNameResolver final : public NameResolver {
 public:
  std::string NameOf(const Address& address) override {
    SocketAddress where;
    const socklen_t size = Fill(address, &where);
    char name[NI_MAXHOST];
    const int failed =
        getnameinfo(&where.any, size, name, sizeof name, nullptr, 0, NI_NAMEREQD | NI_DGRAM);
    return failed == 0 ? name : "";
  }

  std::vector<Address> AddressesOf(const std::string& name) override {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;  // or each address comes once a type
    addrinfo* list = nullptr;
    std::vector<Address> addresses;
    if (getaddrinfo(name.c_str(), nullptr, &hints, &list) != 0) return addresses;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
      SocketAddress where{};
      std::memcpy(&where, entry->ai_addr, std::min<size_t>(entry->ai_addrlen, sizeof where));
      if (const auto address = Read(where)) addresses.push_back(*address);
    }
    freeaddrinfo(list);
    return addresses;
  }
};

// A host name with a dot in it, fit to stand in a command. Who runs the reverse zone wrote it.
bool IsDomain(const std::string& name) {
  const bool letters = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
  return letters && name.size() <= kMaxDomain && name.find('.') != std::string::npos &&
         name.find("..") == std::string::npos && name.front() != '.';
}

bool LeadsTo(const std::string& name, const Address& own, NameResolver& resolver) {
  const std::vector<Address> addresses = resolver.AddressesOf(name);
  return std::find(addresses.begin(), addresses.end(), own) != addresses.end();
}

// connect() on a datagram socket only asks the routing table, nothing is sent.
std::optional<Address> RouteSource(const Address& to) {
  SocketAddress where;
  socklen_t size = Fill(to, &where);
  const UniqueFd fd(socket(where.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || connect(fd.get(), &where.any, size) != 0) return std::nullopt;
  if (getsockname(fd.get(), &where.any, &size) != 0) return std::nullopt;
  return Read(where);
}

}  // namespace

std::unique_ptr<NameResolver> NewSystemNameResolver() {
  return std::make_unique<SystemNameResolver>();
}

OwnName ChooseOwnName(const std::string& configured, const Address& own, NameResolver& resolver) {
  const bool global = IsGlobalAddress(own);
  if (!configured.empty()) {
    OwnName out{configured, ""};
    if (global && configured.front() != '[' && !LeadsTo(configured, own, resolver)) {
      out.warning = StrCat("ehlo_name '", EscapeForDisplay(configured), "' does not lead to ",
                           own.ToString(), ": some mail servers will turn us away");
    }
    return out;
  }
  const std::string name = ReverseName(own, resolver);
  return {name.empty() ? AddressLiteral(own) : name, ""};
}

std::string ReverseName(const Address& own, NameResolver& resolver) {
  if (!IsGlobalAddress(own)) return "";
  std::string name = resolver.NameOf(own);
  if (name.ends_with('.')) name.pop_back();
  return IsDomain(name) && LeadsTo(name, own, resolver) ? name : "";
}

std::string AddressLiteral(const Address& address) {
  return StrCat(address.is_v4() ? "[" : "[IPv6:", address.ToString(), "]");
}

Address OwnAddress(const Source& source) {
  if (source.v4) return *source.v4;
  if (source.v6) return *source.v6;
  // Documentation addresses: no better and no worse routed than the rest of the Internet.
  for (const char* to : {"192.0.2.1", "2001:db8::1"}) {
    const std::optional<Address> routed = RouteSource(*Address::Parse(to));
    if (routed) return *routed;
  }
  return Address::V4(INADDR_LOOPBACK);
}

std::string EhloNameOf(const WorkerConfig& config) {
  // A source that cannot be read stops the worker elsewhere, with a word of its own.
  const Result<Source> source = SourceOf(config);
  const Address address = OwnAddress(source.ok() ? *source : Source());
  const OwnName own = ChooseOwnName(config.ehlo_name, address, *NewSystemNameResolver());
  if (!own.warning.empty()) LogWarning(kWhere, own.warning);
  return own.name;
}

}  // namespace hark

#include "worker/engine/source.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "worker/engine/socket_address.h"

namespace hark {
namespace {

// In <linux/in.h> since 6.3, which Debian 12's headers are too old for.
constexpr int kIpLocalPortRange = 51;
// Ports looked at for one socket before it is put off.
constexpr int kPortTries = 16;
constexpr size_t kMaxSysctl = 4096;
constexpr const char* kRangeSysctl = "/proc/sys/net/ipv4/ip_local_port_range";
constexpr const char* kReservedSysctl = "/proc/sys/net/ipv4/ip_local_reserved_ports";

int SetOption(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : errno;
}

int SetPortRange(int fd, const Source& source) {
  const uint32_t range = uint32_t{source.last_port} << 16 | source.first_port;
  return setsockopt(fd, IPPROTO_IP, kIpLocalPortRange, &range, sizeof range) == 0 ? 0 : errno;
}

int BindTo(int fd, const Address& from, uint16_t port) {
  const SocketAddress where = ToSocketAddress(from, port);
  return bind(fd, where.get(), where.size) == 0 ? 0 : errno;
}

UniqueFd MakeSocket(bool v4) {
  return UniqueFd(socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
}

bool InsideKernelRange(const Source& source) {
  const auto text = ReadFile(kRangeSysctl, kMaxSysctl);
  if (!text.ok()) return false;
  const std::string_view line = Trim(*text);
  const size_t gap = line.find_first_of("\t ");
  if (gap == std::string_view::npos) return false;
  const auto low = ParseUint(line.substr(0, gap));
  const auto high = ParseUint(Trim(line.substr(gap)));
  return low && high && *low <= source.first_port && source.last_port <= *high;
}

// Of "8080,9148-9150".
bool TouchesReserved(const Source& source) {
  const auto text = ReadFile(kReservedSysctl, kMaxSysctl);
  if (!text.ok()) return true;
  for (const std::string_view part : Split(Trim(*text), ',')) {
    const size_t dash = part.find('-');
    const auto low = ParseUint(part.substr(0, dash));
    const auto high = dash == std::string_view::npos ? low : ParseUint(part.substr(dash + 1));
    if (low && high && *low <= source.last_port && source.first_port <= *high) return true;
  }
  return false;
}

SourceBinder::Ports PortsOf(const Source& source) {
  if (!source.has_ports()) return SourceBinder::Ports::kAny;
  const UniqueFd fd = MakeSocket(true);
  const bool kernel = fd.valid() && SetPortRange(fd.get(), source) == 0 &&
                      InsideKernelRange(source) && !TouchesReserved(source);
  return kernel ? SourceBinder::Ports::kKernel : SourceBinder::Ports::kInTurn;
}

}  // namespace

Status CheckSource(const Source& source) {
  for (const auto& address : {source.v4, source.v6}) {
    if (!address) continue;
    const UniqueFd fd = MakeSocket(address->is_v4());
    const SocketAddress where = ToSocketAddress(*address, 0);
    if (!fd.valid() || bind(fd.get(), where.get(), where.size) != 0) {
      return InvalidInput(StrCat(address->ToString(), " is not an address of this machine"));
    }
  }
  return Status::Ok();
}

SourceBinder::SourceBinder(const Source& source) : SourceBinder(source, PortsOf(source)) {}

SourceBinder::SourceBinder(const Source& source, Ports ports)
    : source_(source), ports_(ports), next_port_(source.first_port) {
  // Not where the last process began: its connections may still be in TIME_WAIT.
  if (source_.has_ports()) {
    const uint64_t count = uint64_t{1} + source_.last_port - source_.first_port;
    next_port_ = static_cast<uint16_t>(source_.first_port + SecureU64() % count);
  }
}

uint16_t SourceBinder::NextPort() {
  const uint16_t port = next_port_;
  next_port_ = port == source_.last_port ? source_.first_port : static_cast<uint16_t>(port + 1);
  return port;
}

int SourceBinder::Bind(int fd, bool v4) {
  const std::optional<Address>& address = v4 ? source_.v4 : source_.v6;
  uint16_t port = 0;
  switch (ports_) {
    case Ports::kAny:
      if (!address) return 0;
      break;
    case Ports::kKernel:
      if (const int error = SetPortRange(fd, source_); error != 0) return error;
      if (!address) return 0;
      break;
    case Ports::kInTurn:
      SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      port = NextPort();
      break;
  }
  if (port == 0) SetOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const Address from =
      address.value_or(v4 ? Address() : *Address::FromBytes(std::string(16, '\0')));
  int error = BindTo(fd, from, port);
  // Somebody else's, who does not share.
  for (int i = 1; error == EADDRINUSE && port != 0 && i < kPortTries; ++i) {
    error = BindTo(fd, from, NextPort());
  }
  return error;
}

}  // namespace hark

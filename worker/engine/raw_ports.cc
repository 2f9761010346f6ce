#include "worker/engine/raw_ports.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "base/file.h"
#include "base/strings.h"
#include "worker/engine/socket_address.h"

namespace hark {
namespace {

constexpr size_t kMaxSysctl = 4096;
constexpr const char* kRangeSysctl = "/proc/sys/net/ipv4/ip_local_port_range";
constexpr uint16_t kFirstUnprivileged = 1024;
constexpr int kLastPort = 65535;

// Linux's default where there is no /proc.
std::pair<int, int> KernelRange() {
  constexpr std::pair<int, int> kDefault = {32768, 60999};
  const auto text = ReadFile(kRangeSysctl, kMaxSysctl);
  if (!text.ok()) return kDefault;
  const std::string_view line = Trim(*text);
  const size_t gap = line.find_first_of("\t ");
  if (gap == std::string_view::npos) return kDefault;
  const auto low = ParseUint(line.substr(0, gap));
  const auto high = ParseUint(Trim(line.substr(gap)));
  if (!low || !high || *low > kLastPort || *high > kLastPort) return kDefault;
  return {static_cast<int>(*low), static_cast<int>(*high)};
}

// The port somebody else has, if any.
std::optional<int> HoldAll(int first, int last, HeldPorts* held) {
  held->sockets.clear();
  for (int port = first; port <= last; ++port) {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
    const SocketAddress where = ToSocketAddress(Address(), static_cast<uint16_t>(port));
    if (!fd.valid() || bind(fd.get(), where.get(), where.size) != 0) return port;
    held->sockets.push_back(std::move(fd));
  }
  held->first = static_cast<uint16_t>(first);
  held->last = static_cast<uint16_t>(last);
  return std::nullopt;
}

Result<HeldPorts> HoldAnywhere() {
  HeldPorts held;
  const auto [low, high] = KernelRange();
  for (int first = high + 1; first + kDefaultHeldPorts - 1 <= kLastPort;) {
    const auto taken = HoldAll(first, first + kDefaultHeldPorts - 1, &held);
    if (!taken) return held;
    first = *taken + 1;
  }
  for (int last = low - 1; last - kDefaultHeldPorts + 1 >= kFirstUnprivileged;) {
    const auto taken = HoldAll(last - kDefaultHeldPorts + 1, last, &held);
    if (!taken) return held;
    last = *taken - 1;
  }
  return InvalidInput(StrCat("no ", kDefaultHeldPorts, " free ports in a row outside ",
                             kRangeSysctl, " for SYNs to come from: name a range or narrow that"));
}

}  // namespace

Result<HeldPorts> HoldPorts(uint16_t first, uint16_t last) {
  if (first == 0 && last == 0) return HoldAnywhere();
  const std::string range = StrCat("source ports of SYNs ", first, '-', last);
  if (first == 0 || first > last) return InvalidInput(StrCat(range, ": not a range"));
  if (last - first >= kMaxHeldPorts) {
    return InvalidInput(StrCat(range, ": more than ", kMaxHeldPorts, " ports"));
  }
  HeldPorts held;
  if (const auto taken = HoldAll(first, last, &held)) {
    return InvalidInput(StrCat(range, ": ", *taken, " is taken by a program of this machine"));
  }
  return held;
}

}  // namespace hark

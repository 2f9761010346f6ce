#include "worker/engine/raw_ports.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "base/strings.h"
#include "worker/engine/kernel_settings.h"
#include "worker/engine/socket_address.h"

namespace hark {
namespace {

// Linux's default, where there is no /proc.
constexpr LocalPorts kUsualPorts = {32768, 60999};
constexpr uint16_t kFirstUnprivileged = 1024;
constexpr int kLastPort = 65535;

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
  const LocalPorts kernels = ReadLocalPorts().value_or(kUsualPorts);
  for (int first = kernels.last + 1; first + kDefaultHeldPorts - 1 <= kLastPort;) {
    const auto taken = HoldAll(first, first + kDefaultHeldPorts - 1, &held);
    if (!taken) return held;
    first = *taken + 1;
  }
  for (int last = kernels.first - 1; last - kDefaultHeldPorts + 1 >= kFirstUnprivileged;) {
    const auto taken = HoldAll(last - kDefaultHeldPorts + 1, last, &held);
    if (!taken) return held;
    last = *taken - 1;
  }
  return InvalidInput(StrCat("no ", kDefaultHeldPorts, " free ports in a row outside ",
                             LocalPorts::kSysctl,
                             " for SYNs to come from: name a range or narrow that"));
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

#include "worker/engine/raw_routes.h"

#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// More than that (a router with the Internet's table has a million) and the kernel routes each
// packet: a table of ours would be old before it is read.
constexpr size_t kMaxBoundaries = 16384;
constexpr auto kRoutesKept = seconds(10);
constexpr auto kNeighboursKept = seconds(1);
// After a failed send.
constexpr auto kDoubtfulKept = milliseconds(500);
// While a gateway is being asked for its address the kernel holds some 300 SYNs and drops others
// without a word. So they wait, as long as it asks (three times, a second apart).
constexpr auto kGatewayPatience = seconds(3);
// The first may not have got as far as the question: an interface that has just come up drops it.
constexpr auto kIntroducedAgain = seconds(1);
constexpr auto kAskWhileWaiting = milliseconds(5);

struct Link {
  uint16_t type = 0;  // ARPHRD_*
  std::array<uint8_t, 6> mac{};
};

std::optional<Link> LinkOf(int socket, int interface) {
  ifreq request{};
  request.ifr_ifindex = interface;
  if (ioctl(socket, SIOCGIFNAME, &request) != 0) return std::nullopt;
  if (ioctl(socket, SIOCGIFHWADDR, &request) != 0) return std::nullopt;
  Link link;
  link.type = request.ifr_hwaddr.sa_family;
  std::memcpy(link.mac.data(), request.ifr_hwaddr.sa_data, link.mac.size());
  return link;
}

// Types whose packets begin at the IP header and have no addresses below it.
bool IsPlain(uint16_t type) {
  constexpr uint16_t kRawIp = 519;  // ARPHRD_RAWIP, of mobile modems
  return type == ARPHRD_NONE || type == ARPHRD_PPP || type == kRawIp;
}

uint64_t GatewayKey(int interface, uint32_t gateway) {
  return static_cast<uint64_t>(interface) << 32 | gateway;
}

}  // namespace

Result<RawRoutes> RawRoutes::Open(uint32_t source, int interface) {
  HARK_ASSIGN_OR_RETURN(RouteSocket kernel, RouteSocket::Open());
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus("socket", errno);
  RawRoutes routes(std::move(kernel), std::move(fd), source, interface);
  routes.Reload();
  return routes;
}

void RawRoutes::Refresh(MonoTime now) {
  now_ = now;
  if (doubted_) {
    reload_at_ = std::min(reload_at_, now + kDoubtfulKept);
    doubted_ = false;
  }
  if (now >= reload_at_) {
    Reload();
    reload_at_ = now + kRoutesKept;
    neighbours_at_ = now + kNeighboursKept;
  } else if (now >= neighbours_at_) {
    neighbours_at_ = now + kNeighboursKept;
    for (Hop& hop : hops_) AskNeighbour(&hop);
  }
}

void RawRoutes::Reload() {
  hops_.clear();
  stretches_.clear();
  const auto boundaries = kernel_.Boundaries(kMaxBoundaries);
  if (!boundaries.ok() || !boundaries->has_value()) {
    Hop all;  // one stretch, all of it the kernel's
    all.next.source = source_;
    hops_.push_back(all);
    stretches_.push_back({.first = 0, .hop = 0});
    return;
  }
  for (const uint32_t first : **boundaries) stretches_.push_back({.first = first, .hop = -1});
}

const NextHop& RawRoutes::To(uint32_t target) {
  auto it = std::upper_bound(stretches_.begin(), stretches_.end(), target,
                             [](uint32_t t, const Stretch& s) { return t < s.first; });
  Stretch& stretch = *std::prev(it);
  if (stretch.hop < 0) stretch.hop = Ask(target);
  last_ = static_cast<size_t>(stretch.hop);
  const Hop& hop = hops_[last_];
  return hop.make_kernel_ask ? hop.by_kernel : hop.next;
}

int RawRoutes::Ask(uint32_t target) {
  Hop hop;
  const auto route = kernel_.RouteTo(target, source_, interface_);
  if (route.ok()) {
    hop.next.interface = route->interface;
    hop.next.source = route->source;
    const bool simple = route->unicast && !route->encapsulated && !route->other_gateway;
    const auto link = LinkOf(socket_.get(), route->interface);
    if (simple && link && IsPlain(link->type)) {
      hop.next.way = NextHop::Way::kPlain;
    } else if (simple && link && link->type == ARPHRD_ETHER && route->gateway != 0) {
      hop.gateway = route->gateway;
      std::copy(link->mac.begin(), link->mac.end(), hop.next.header.begin() + 6);
      hop.next.header[12] = 0x08;  // IPv4
    }
  }
  hop.by_kernel = hop.next;
  hop.by_kernel.way = NextHop::Way::kKernel;
  if (hop.gateway != 0) AskNeighbour(&hop);
  hops_.push_back(hop);
  return static_cast<int>(hops_.size()) - 1;
}

void RawRoutes::AskNeighbour(Hop* hop) {
  if (hop->gateway == 0) return;
  Gateway& gateway = gateways_[GatewayKey(hop->next.interface, hop->gateway)];
  const auto found = kernel_.NeighbourAt(hop->gateway, hop->next.interface);
  const Neighbour neighbour = found.ok() ? *found : Neighbour();
  switch (neighbour.state) {
    case Neighbour::State::kOld:
    case Neighbour::State::kCurrent:
      hop->next.way = NextHop::Way::kEthernet;
      std::copy(neighbour.mac.begin(), neighbour.mac.end(), hop->next.header.begin());
      hop->make_kernel_ask = neighbour.state == Neighbour::State::kOld;
      gateway = {};
      break;
    case Neighbour::State::kFailed:
      hop->next.way = NextHop::Way::kKernel;
      break;
    case Neighbour::State::kNone:
      hop->next.way = NextHop::Way::kWait;
      if (now_ >= gateway.introduce_at) {
        hop->make_kernel_ask = true;
        gateway.introduce_at = now_ + kIntroducedAgain;
      }
      if (gateway.wait_until == MonoTime{}) gateway.wait_until = now_ + kGatewayPatience;
      if (now_ >= gateway.wait_until) hop->next.way = NextHop::Way::kKernel;
      neighbours_at_ = std::min(neighbours_at_, now_ + kAskWhileWaiting);
      break;
  }
}

}  // namespace hark

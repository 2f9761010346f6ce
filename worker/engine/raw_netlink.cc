#include "worker/engine/raw_netlink.h"
#include "base/distinct.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace hark {
namespace {

// The kernel packs dumps into less than this (NLMSG_GOODSIZE, at most 32 KiB).
constexpr size_t kBuffer = size_t{32} * 1024;

template <typename T>
std::string_view BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

void PutAttribute(std::string* out, uint16_t type, uint32_t value) {
  const rtattr header{.rta_len = RTA_LENGTH(sizeof value), .rta_type = type};
  out->append(BytesOf(header)).append(BytesOf(value));
}

// Calls back with (type, payload) for each attribute. Copies headers out: nothing promises that the
// bytes are aligned.
template <typename OnAttribute>
void ForEachAttribute(std::string_view bytes, OnAttribute on_attribute) {
  while (bytes.size() >= sizeof(rtattr)) {
    rtattr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.rta_len < sizeof header || header.rta_len > bytes.size()) return;
    on_attribute(header.rta_type & NLA_TYPE_MASK,
                 bytes.substr(sizeof header, header.rta_len - sizeof header));
    bytes.remove_prefix(std::min<size_t>(bytes.size(), RTA_ALIGN(header.rta_len)));
  }
}

uint32_t RawU32(std::string_view bytes) {
  uint32_t value = 0;
  if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// Network order.
uint32_t AddressOf(std::string_view bytes) {
  return ntohl(RawU32(bytes));
}

template <typename T>
bool Take(std::string_view* bytes, T* value) {
  if (bytes->size() < sizeof *value) return false;
  std::memcpy(value, bytes->data(), sizeof *value);
  bytes->remove_prefix(std::min<size_t>(bytes->size(), NLMSG_ALIGN(sizeof *value)));
  return true;
}

void AddBoundaries(uint32_t address, unsigned bits, std::vector<uint32_t>* found) {
  if (bits == 0 || bits > 32) return;
  const uint64_t size = uint64_t{1} << (32 - bits);
  found->push_back(address);
  if (address + size <= UINT32_MAX) found->push_back(static_cast<uint32_t>(address + size));
}

Neighbour::State StateOf(uint16_t nud) {
  if ((nud & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP | NUD_DELAY | NUD_PROBE)) != 0) {
    return Neighbour::State::kCurrent;
  }
  if ((nud & NUD_STALE) != 0) return Neighbour::State::kOld;
  return (nud & NUD_FAILED) != 0 ? Neighbour::State::kFailed : Neighbour::State::kNone;
}

void TakeRoute(std::string_view message, KernelRoute* route) {
  rtmsg answer;
  if (!Take(&message, &answer)) return;
  route->unicast = answer.rtm_type == RTN_UNICAST;
  ForEachAttribute(message, [&](int type, std::string_view value) {
    if (type == RTA_OIF) route->interface = static_cast<int>(RawU32(value));
    if (type == RTA_GATEWAY) route->gateway = AddressOf(value);
    if (type == RTA_PREFSRC) route->source = AddressOf(value);
    if (type == RTA_VIA) route->other_gateway = true;
    if (type == RTA_ENCAP || type == RTA_ENCAP_TYPE) route->encapsulated = true;
  });
}

// One that is known without an address is not known.
void TakeNeighbour(std::string_view message, Neighbour* found) {
  ndmsg answer;
  if (!Take(&message, &answer)) return;
  found->state = StateOf(answer.ndm_state);
  bool has_mac = false;
  ForEachAttribute(message, [&](int type, std::string_view value) {
    if (type != NDA_LLADDR || value.size() != found->mac.size()) return;
    std::memcpy(found->mac.data(), value.data(), value.size());
    has_mac = true;
  });
  if (!has_mac && found->state != Neighbour::State::kFailed) {
    found->state = Neighbour::State::kNone;
  }
}

}  // namespace

Result<RouteSocket> RouteSocket::Open() {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.valid()) return ErrnoStatus("netlink socket", errno);
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return RouteSocket(std::move(fd));
}

Status RouteSocket::Ask(uint16_t type, uint16_t flags, std::string_view body) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<uint32_t>(NLMSG_LENGTH(body.size()));
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | flags;
  header.nlmsg_seq = ++sequence_;
  std::string message(BytesOf(header));
  message += body;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t n = sendto(fd_.get(), message.data(), message.size(), 0,
                           reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  return n < 0 ? ErrnoStatus("netlink", errno) : Status::Ok();
}

template <typename OnMessage>
Status RouteSocket::ReadAll(OnMessage on_message) {
  std::string buffer(kBuffer, '\0');
  while (true) {
    const ssize_t n = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0) return ErrnoStatus("netlink", errno);
    std::string_view rest(buffer.data(), static_cast<size_t>(n));
    while (rest.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header;
      std::memcpy(&header, rest.data(), sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) break;
      std::string_view body = rest.substr(sizeof header, header.nlmsg_len - sizeof header);
      rest.remove_prefix(std::min<size_t>(rest.size(), NLMSG_ALIGN(header.nlmsg_len)));
      if (header.nlmsg_seq != sequence_) continue;  // of a question that timed out
      if (header.nlmsg_type == NLMSG_DONE) return Status::Ok();
      if (header.nlmsg_type == NLMSG_ERROR) {
        int error = 0;
        return Take(&body, &error) && error == 0 ? Status::Ok() : ErrnoStatus("route", -error);
      }
      on_message(body);
      if ((header.nlmsg_flags & NLM_F_MULTI) == 0) return Status::Ok();
    }
  }
}

Result<KernelRoute> RouteSocket::RouteTo(uint32_t target, uint32_t source, int interface) {
  rtmsg question{};
  question.rtm_family = AF_INET;
  question.rtm_dst_len = 32;
  question.rtm_src_len = source != 0 ? 32 : 0;
  std::string body(BytesOf(question));
  PutAttribute(&body, RTA_DST, htonl(target));
  if (source != 0) PutAttribute(&body, RTA_SRC, htonl(source));
  if (interface != 0) PutAttribute(&body, RTA_OIF, static_cast<uint32_t>(interface));
  HARK_RETURN_IF_ERROR(Ask(RTM_GETROUTE, 0, body));
  KernelRoute route;
  HARK_RETURN_IF_ERROR(ReadAll([&](std::string_view message) { TakeRoute(message, &route); }));
  if (source != 0) route.source = source;
  return route;
}

Result<Neighbour> RouteSocket::NeighbourAt(uint32_t address, int interface) {
  ndmsg question{};
  question.ndm_family = AF_INET;
  question.ndm_ifindex = interface;
  std::string body(BytesOf(question));
  PutAttribute(&body, NDA_DST, htonl(address));
  HARK_RETURN_IF_ERROR(Ask(RTM_GETNEIGH, 0, body));
  Neighbour found;
  const Status status = ReadAll([&](std::string_view message) { TakeNeighbour(message, &found); });
  // The kernel says an entry it does not have is an error; a question that got lost is one, too.
  return status.ok() ? found : Neighbour();
}

Status RouteSocket::Dump(uint16_t type, std::string_view body, size_t most,
                         std::vector<uint32_t>* found) {
  HARK_RETURN_IF_ERROR(Ask(type, NLM_F_DUMP, body));
  // rtmsg and fib_rule_hdr begin alike, and so do their attributes' numbers.
  static_assert(sizeof(rtmsg) == sizeof(fib_rule_hdr));
  static_assert(static_cast<int>(RTA_DST) == static_cast<int>(FRA_DST));
  return ReadAll([&](std::string_view message) {
    rtmsg entry;
    if (!Take(&message, &entry) || entry.rtm_family != AF_INET || found->size() > most) return;
    ForEachAttribute(message, [&](int attribute, std::string_view value) {
      if (attribute == RTA_DST) AddBoundaries(AddressOf(value), entry.rtm_dst_len, found);
    });
  });
}

Result<std::optional<std::vector<uint32_t>>> RouteSocket::Boundaries(size_t most) {
  rtmsg question{};
  question.rtm_family = AF_INET;
  std::vector<uint32_t> found = {0};
  HARK_RETURN_IF_ERROR(Dump(RTM_GETROUTE, BytesOf(question), most, &found));
  HARK_RETURN_IF_ERROR(Dump(RTM_GETRULE, BytesOf(question), most, &found));
  if (found.size() > most) return std::optional<std::vector<uint32_t>>();
  MakeDistinct(found);
  return std::optional(std::move(found));
}

}  // namespace hark

#include "worker/engine/raw_sender.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"

namespace hark {
namespace {

constexpr size_t kPacketAt = 16;
static_assert(kPacketAt >= ETH_HLEN && kPacketAt + kSynPacketSize <= 80);
// Doubled and at 768 a packet: 682 SYNs on their way at once (554 where net.core.wmem_max is the
// default). More than a network card sends in a batch, fewer than the queues behind us have room
// for (1,000 in txqueuelen and in netdev_max_backlog), which drop without a word; so nothing is
// lost before the line, and no queue of ours makes others wait.
constexpr int kSendBuffer = 256 << 10;

void SetBuffer(int fd) {
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
}

bool IsFull(int error) {
  return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

Result<UniqueFd> OpenIp(uint32_t source, const std::string& interface) {
  // IPPROTO_RAW: we write the header (IP_HDRINCL), and nothing is ever received.
  UniqueFd fd(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW));
  if (!fd.valid()) return ErrnoStatus("raw socket", errno);
  SetBuffer(fd.get());
  if (!interface.empty() && setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.data(),
                                       static_cast<socklen_t>(interface.size())) != 0) {
    return ErrnoStatus(interface, errno);
  }
  if (source == 0) return fd;
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(source);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
    return ErrnoStatus("source address of SYNs", errno);
  }
  return fd;
}

}  // namespace

Result<RawSender> RawSender::Open(uint32_t source, const std::string& interface) {
  // Protocol 0: nothing is ever received.
  UniqueFd packets(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!packets.valid()) return ErrnoStatus("packet socket", errno);
  SetBuffer(packets.get());
  HARK_ASSIGN_OR_RETURN(UniqueFd ip, OpenIp(source, interface));
  return RawSender(std::move(packets), std::move(ip));
}

RawSender::RawSender(UniqueFd packets, UniqueFd ip)
    : packets_(std::move(packets)),
      ip_(std::move(ip)),
      slots_(kBatch),
      pieces_(kBatch),
      messages_(kBatch) {
  for (size_t i = 0; i < kBatch; ++i) {
    messages_[i].msg_hdr.msg_iov = &pieces_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    slots_[i].link.sll_family = AF_PACKET;
    slots_[i].link.sll_protocol = htons(ETH_P_IP);
    slots_[i].target.sin_family = AF_INET;
  }
}

bool RawSender::Accepts(const NextHop& hop) const {
  if (size_ == 0) return true;
  return size_ < kBatch && hop.way == way_ &&
         (hop.interface == interface_ || way_ == NextHop::Way::kKernel);
}

void RawSender::Add(const NextHop& hop, const SynFields& fields) {
  way_ = hop.way;
  interface_ = hop.interface;
  uint8_t* const packet = slots_[size_].bytes.data() + kPacketAt;
  WriteSyn(fields, packet);
  pieces_[size_] = {packet, kSynPacketSize};
  if (hop.way == NextHop::Way::kEthernet) {
    std::copy(hop.header.begin(), hop.header.end(), packet - ETH_HLEN);
    pieces_[size_] = {packet - ETH_HLEN, ETH_HLEN + kSynPacketSize};
  }
  NameTarget(hop, fields.target, size_++);
}

void RawSender::NameTarget(const NextHop& hop, uint32_t target, size_t at) {
  Slot& slot = slots_[at];
  msghdr& message = messages_[at].msg_hdr;
  switch (hop.way) {
    case NextHop::Way::kEthernet:
      // The socket is bound to the interface: a name a message would cost 5 % more.
      message.msg_name = nullptr;
      message.msg_namelen = 0;
      break;
    case NextHop::Way::kPlain:
      // No header says that this is IPv4, so the name must.
      slot.link.sll_ifindex = hop.interface;
      message.msg_name = &slot.link;
      message.msg_namelen = sizeof slot.link;
      break;
    case NextHop::Way::kKernel:
      slot.target.sin_addr.s_addr = htonl(target);
      message.msg_name = &slot.target;
      message.msg_namelen = sizeof slot.target;
      break;
    case NextHop::Way::kWait:
      HARK_CHECK(false);
  }
}

// 0 or an errno.
int RawSender::Prepare() {
  if (way_ != NextHop::Way::kEthernet || bound_ == interface_) return 0;
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_ifindex = interface_;
  if (bind(packets_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    return errno;
  }
  bound_ = interface_;
  return 0;
}

RawSender::Flushed RawSender::Flush() {
  Flushed result;
  const int fd = way_ == NextHop::Way::kKernel ? ip_.get() : packets_.get();
  if (const int error = Prepare(); error != 0) {
    result.failed = size_;
    result.error = error;
    size_ = 0;
    return result;
  }
  size_t at = 0;
  while (at < size_ && !result.full) {
    const int n = sendmmsg(fd, &messages_[at], static_cast<unsigned>(size_ - at), MSG_DONTWAIT);
    if (n > 0) {
      at += static_cast<size_t>(n);
      result.sent += static_cast<size_t>(n);
    } else if (IsFull(errno)) {
      result.full = true;
    } else if (errno != EINTR) {
      result.error = errno;
      ++result.failed;  // that one; those behind it may be able to
      ++at;
    }
  }
  // A vanished interface takes the binding with it.
  if (result.error != 0) bound_ = 0;
  size_ = 0;
  return result;
}

}  // namespace hark

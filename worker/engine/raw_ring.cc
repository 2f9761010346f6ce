#include "worker/engine/raw_ring.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "worker/engine/syn_packet.h"

namespace hark {
namespace {

// Header, address and alignment are 80 bytes in front of the packet (TPACKET_V2, cooked socket).
constexpr size_t kFrame = 256;
static_assert(80 + kSynReplyKept <= kFrame);
// 32,768 packets: at 500,000 SYNs/s of which each is answered, 65 ms of another's turn.
constexpr size_t kFrames = 32768;
constexpr size_t kBlock = size_t{256} * 1024;
constexpr size_t kBytes = kFrame * kFrames;
static_assert(kBytes % kBlock == 0);

Status Set(int fd, int option, const void* value, size_t size) {
  if (setsockopt(fd, SOL_PACKET, option, value, static_cast<socklen_t>(size)) == 0) {
    return Status::Ok();
  }
  return ErrnoStatus("receive ring", errno);
}

Status Attach(int fd, const std::vector<sock_filter>& filter) {
  const sock_fprog program{.len = static_cast<uint16_t>(filter.size()),
                           .filter = const_cast<sock_filter*>(filter.data())};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0) {
    return Status::Ok();
  }
  return ErrnoStatus("receive filter", errno);
}

Status MakeRing(int fd) {
  const int version = TPACKET_V2;
  HARK_RETURN_IF_ERROR(Set(fd, PACKET_VERSION, &version, sizeof version));
  const tpacket_req ring{.tp_block_size = kBlock,
                         .tp_block_nr = kBytes / kBlock,
                         .tp_frame_size = kFrame,
                         .tp_frame_nr = kFrames};
  return Set(fd, PACKET_RX_RING, &ring, sizeof ring);
}

// Bound to a protocol that is not "all", it hears nothing of what this machine sends.
Status BeginToHear(int fd) {
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(ETH_P_IP);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0) return Status::Ok();
  return ErrnoStatus("packet socket", errno);
}

// tp_status is the hand-over between kernel and us.
std::atomic_ref<uint32_t> StatusOf(tpacket2_hdr* header) {
  return std::atomic_ref<uint32_t>(header->tp_status);
}

tpacket2_hdr* HeaderAt(uint8_t* memory, size_t at) {
  return reinterpret_cast<tpacket2_hdr*>(memory + at * kFrame);
}

bool IsForUs(const uint8_t* frame) {
  const auto* address =
      reinterpret_cast<const sockaddr_ll*>(frame + TPACKET_ALIGN(sizeof(tpacket2_hdr)));
  return address->sll_pkttype == PACKET_HOST;
}

}  // namespace

Result<RawRing> RawRing::Open(const std::vector<sock_filter>& filter) {
  // Without a protocol nothing comes before filter and ring are there.
  UniqueFd fd(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ErrnoStatus("packet socket", errno);
  HARK_RETURN_IF_ERROR(Attach(fd.get(), filter));
  HARK_RETURN_IF_ERROR(MakeRing(fd.get()));
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return ErrnoStatus("receive ring", errno);
  RawRing opened(std::move(fd), static_cast<uint8_t*>(memory));
  HARK_RETURN_IF_ERROR(BeginToHear(opened.fd()));
  return opened;
}

RawRing::RawRing(RawRing&& other) noexcept
    : fd_(std::move(other.fd_)),
      memory_(std::exchange(other.memory_, nullptr)),
      at_(other.at_),
      drops_(other.drops_) {}

RawRing::~RawRing() {
  if (memory_ != nullptr) munmap(memory_, kBytes);
}

std::string_view RawRing::Next() {
  while (true) {
    tpacket2_hdr* const header = HeaderAt(memory_, at_);
    if ((StatusOf(header).load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return {};
    const auto* const frame = reinterpret_cast<const uint8_t*>(header);
    const size_t size = header->tp_snaplen;
    const size_t offset = header->tp_net;
    if (IsForUs(frame) && size > 0 && offset + size <= kFrame) {
      return {reinterpret_cast<const char*>(frame + offset), size};
    }
    Release();
  }
}

void RawRing::Release() {
  StatusOf(HeaderAt(memory_, at_)).store(TP_STATUS_KERNEL, std::memory_order_release);
  at_ = at_ + 1 == kFrames ? 0 : at_ + 1;
}

uint64_t RawRing::Drops() {
  tpacket_stats stats{};  // the kernel's counters begin anew at each question
  socklen_t size = sizeof stats;
  if (getsockopt(fd_.get(), SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0) {
    drops_ += stats.tp_drops;
  }
  return drops_;
}

}  // namespace hark

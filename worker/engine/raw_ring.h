#pragma once

// Packets that the kernel's filter lets through, in memory shared with the kernel (PACKET_MMAP,
// TPACKET_V2): no system call a packet, no timer while nothing comes.
//
// Threads: one.

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"

namespace hark {

class RawRing {
 public:
  // IPv4 packets that came in by any interface, to this machine: not what it sent, nor what others'
  // were to get.
  static Result<RawRing> Open(const std::vector<sock_filter>& filter);
  RawRing(RawRing&& other) noexcept;
  RawRing& operator=(RawRing&&) = delete;
  ~RawRing();

  // Readable while there are packets.
  int fd() const { return fd_.get(); }
  // The next packet from its IP header on, valid until Release; "" when there is none. What is not
  // for us is skipped.
  std::string_view Next();
  void Release();
  // Packets there was no room for, since the start.
  uint64_t Drops();

 private:
  RawRing(UniqueFd fd, uint8_t* memory) : fd_(std::move(fd)), memory_(memory) {}

  UniqueFd fd_;
  uint8_t* memory_;
  size_t at_ = 0;
  uint64_t drops_ = 0;
};

}  // namespace hark

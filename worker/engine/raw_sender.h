#pragma once

// Batches of SYNs on their way out: sendmmsg() on a packet socket (frames to the driver) or on a
// raw IP socket (packets for the kernel to route). docs/decisions/0040-syn-channel.md says why not
// a TX ring.
//
// Threads: one.

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"
#include "worker/engine/raw_routes.h"
#include "worker/engine/syn_packet.h"

namespace hark {

class RawSender {
 public:
  // A system call for so many: what it costs by itself is then below 1 % of theirs.
  static constexpr size_t kBatch = 256;

  // source 0: any. interface "": any, else what is routed by the kernel leaves by it, too.
  static Result<RawSender> Open(uint32_t source, const std::string& interface);

  // Whether a packet of that hop may go with those added so far.
  bool Accepts(const NextHop& hop) const;
  // hop: accepted, not kWait.
  void Add(const NextHop& hop, const SynFields& fields);

  struct Flushed {
    size_t sent = 0;
    size_t failed = 0;  // could not be sent at all
    bool full = false;  // those behind sent + failed are to be offered again
    int error = 0;      // of the last that failed
  };
  // Sends what was added, in order, and forgets it.
  Flushed Flush();

 private:
  struct Slot {
    // The IP packet is at kPacketAt, so that with an Ethernet header in front both are aligned.
    alignas(16) std::array<uint8_t, 80> bytes{};
    sockaddr_ll link{};
    sockaddr_in target{};
  };

  RawSender(UniqueFd packets, UniqueFd ip);
  // In the message at `at`: what is not in its bytes.
  void NameTarget(const NextHop& hop, uint32_t target, size_t at);
  int Prepare();

  UniqueFd packets_;
  UniqueFd ip_;
  std::vector<Slot> slots_;
  std::vector<iovec> pieces_;
  std::vector<mmsghdr> messages_;
  size_t size_ = 0;
  NextHop::Way way_ = NextHop::Way::kKernel;
  int interface_ = 0;  // of this batch
  int bound_ = 0;      // that the packet socket is bound to
};

}  // namespace hark

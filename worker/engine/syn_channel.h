#pragma once

// Half-open knocking: SYNs that leave without the kernel's TCP knowing of them, and what comes back
// of them. Nothing is kept of a SYN that was sent; a reply proves by its acknowledgement number
// that it answers one of ours.
//
// Threads: one.

#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "base/time.h"

namespace hark {

// What came back of a SYN. Its answer to the kernel, which knows of no such connection, is an RST:
// the kernel sends it by itself to whoever accepted.
struct SynReply {
  enum class Kind : uint8_t {
    kAnswered,     // SYN and ACK
    kRefused,      // RST
    kUnreachable,  // an ICMP error that quotes our SYN
  };
  Kind kind = Kind::kAnswered;
  uint32_t address = 0;  // whom the SYN went to, IPv4 in host byte order
  uint16_t port = 0;
};

struct SynTarget {
  uint32_t address = 0;  // IPv4, host byte order
  uint16_t port = 0;
};

class SynChannel {
 public:
  virtual ~SynChannel() = default;

  // Sends one SYN to each, in order; how many left. Fewer than all: the way out is full for now,
  // the rest is to be offered again. Repeats look like the kernel's own would: a later SYN to the
  // same target differs in nothing but its IP identification.
  virtual size_t Send(std::span<const SynTarget> targets) = 0;

  // Appends what came since the last call, validated, duplicates not removed; at most so many that
  // one call stays short. True: there may be more.
  virtual bool Receive(std::vector<SynReply>* replies) = 0;

  // Becomes readable when Receive has something. Level-triggered.
  virtual int receive_fd() const = 0;

  // Since the start, for the metrics and the loss estimate.
  struct Counts {
    uint64_t sent = 0;
    uint64_t replies = 0;        // validated
    uint64_t strays = 0;         // came to our ports and proved nothing
    uint64_t kernel_drops = 0;   // packets the receive ring had no room for
    uint64_t send_failures = 0;  // of sending, other than a full queue
  };
  virtual Counts counts() const = 0;
  // The first way of sending that failed for good (interface gone, not permitted), else ok.
  virtual Status failure() const = 0;
};

}  // namespace hark

#pragma once

// What a SYN carries so that nothing need be kept of it: source port, initial sequence number and
// timestamp, all of one SipHash-2-4 of a secret key, both addresses and the port. Whoever has not
// seen the SYN guesses them once in 2^32 times the number of ports.
//
// Threads: any.

#include <cstdint>
#include <string>

#include "worker/engine/syn_packet.h"

namespace hark {

struct SynCookie {
  uint16_t source_port = 0;
  uint32_t sequence = 0;
  uint32_t timestamp = 0;
};

class SynCookies {
 public:
  static constexpr size_t kKeySize = 16;

  // key: kKeySize bytes nobody else knows. first_port <= last_port.
  SynCookies(const std::string& key, uint16_t first_port, uint16_t last_port);

  // Always the same for the same three.
  SynCookie Of(uint32_t source, uint32_t target, uint16_t target_port) const;
  // Whether that SYN was ours.
  bool Proves(const SynEvidence& evidence) const;

 private:
  std::string key_;
  uint32_t first_port_;
  uint64_t ports_;
};

}  // namespace hark

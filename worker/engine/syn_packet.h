#pragma once

// The bytes of half-open knocking: the SYN that leaves (RFC 9293 §3.1, options of RFC 7323 and
// 2018 in the order of Linux) and what is read out of packets that come. Pure: no sockets, no
// keys. docs/discovery.md has the layout.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "worker/engine/syn_channel.h"

namespace hark {

// An IPv4 header without options and a TCP header with 20 bytes of them.
inline constexpr size_t kSynPacketSize = 60;
// Of a packet that came: two IPv4 headers with all options, ICMP's 8 bytes and the 8 that an error
// quotes behind the inner one (RFC 792), 136 in all. What is longer may be cut.
inline constexpr size_t kSynReplyKept = 136;

// All in host byte order.
struct SynFields {
  uint32_t source = 0;
  uint32_t target = 0;
  uint16_t source_port = 0;
  uint16_t target_port = 0;
  uint32_t sequence = 0;
  uint32_t timestamp = 0;
  uint16_t id = 0;  // IP identification
};

// Writes kSynPacketSize bytes, both checksums right.
void WriteSyn(const SynFields& fields, uint8_t* out);

// What a packet says of a SYN that we may have sent. Nothing of it is proven.
struct SynEvidence {
  SynReply::Kind kind = SynReply::Kind::kAnswered;
  uint32_t source = 0;  // whence that SYN would have come, and where it would have gone
  uint32_t target = 0;
  uint16_t source_port = 0;
  uint16_t target_port = 0;
  uint32_t sequence = 0;
};

// From an IPv4 header on; the bytes may end early. nullopt: neither SYN+ACK nor RST+ACK nor an ICMP
// error (types 3, 11, 12) with TCP in it, or not whole enough to say. An RST without ACK names no
// sequence number and proves nothing. Checksums are not looked at: the sequence number is a better
// proof, and packets between namespaces have none yet.
std::optional<SynEvidence> ParseSynReply(std::string_view packet);

}  // namespace hark

#include "worker/engine/syn_packet.h"

#include <array>
#include <cstring>

#include "base/bytes.h"

namespace hark {
namespace {

constexpr size_t kIpHeader = 20;
constexpr size_t kTcpHeader = kSynPacketSize - kIpHeader;
constexpr uint8_t kIcmp = 1;
constexpr uint8_t kTcp = 6;

// What every SYN has in common. Zeros are written over. Window, TTL, DF and options are those of a
// Linux host on Ethernet: middleboxes that drop SYNs without options would hide listeners.
constexpr std::array<uint8_t, kSynPacketSize> kTemplate = {
    0x45, 0,    0,    kSynPacketSize,  // version, header length; type of service; total length
    0,    0,    0x40, 0,               // identification; DF
    64,   kTcp, 0,    0,               // TTL; protocol; checksum
    0,    0,    0,    0,               // source
    0,    0,    0,    0,               // target
    0,    0,    0,    0,               // ports
    0,    0,    0,    0,               // sequence number
    0,    0,    0,    0,               // acknowledgement number
    0xa0, 0x02, 0xfa, 0xf0,            // header length; SYN; window 64240
    0,    0,    0,    0,               // checksum; urgent pointer
    2,    4,    0x05, 0xb4,            // MSS 1460
    4,    2,                           // SACK permitted
    8,    10,   0,    0,
    0,    0,    0,    0,
    0,    0,              // timestamp, echo
    1,    3,    3,    7,  // no-op; window scale 7
};
constexpr size_t kTimestampAt = 48;

constexpr uint32_t SumOfWords(size_t from, size_t to) {
  uint32_t sum = 0;
  for (size_t i = from; i < to; i += 2) sum += uint32_t{kTemplate[i]} << 8 | kTemplate[i + 1];
  return sum;
}
// Sums of the fixed words (RFC 1071): of the IP header, and of TCP's with its pseudo-header.
constexpr uint32_t kIpSum = SumOfWords(0, kIpHeader);
constexpr uint32_t kTcpSum = SumOfWords(kIpHeader, kSynPacketSize) + kTcp + kTcpHeader;

uint32_t Halves(uint32_t v) {
  return (v >> 16) + (v & 0xffff);
}

uint16_t Checksum(uint32_t sum) {
  return static_cast<uint16_t>(~Halves(Halves(sum)));
}

void Put16(uint8_t* at, uint16_t v) {
  at[0] = static_cast<uint8_t>(v >> 8);
  at[1] = static_cast<uint8_t>(v);
}

void Put32(uint8_t* at, uint32_t v) {
  Put16(at, static_cast<uint16_t>(v >> 16));
  Put16(at + 2, static_cast<uint16_t>(v));
}

struct IpHeader {
  uint8_t protocol = 0;
  uint32_t source = 0;
  uint32_t target = 0;
};

// Leaves the reader behind the options. Later fragments hold no header of the next protocol.
std::optional<IpHeader> ReadIp(ByteReader* in) {
  IpHeader ip;
  const uint8_t first = in->U8();
  const size_t size = size_t{4} * (first & 0x0f);
  in->Bytes(5);
  const uint16_t fragment = in->U16();
  in->U8();
  ip.protocol = in->U8();
  in->U16();
  ip.source = in->U32();
  ip.target = in->U32();
  if (first >> 4 != 4 || size < kIpHeader || (fragment & 0x1fff) != 0) return std::nullopt;
  in->Bytes(size - kIpHeader);
  if (!in->ok()) return std::nullopt;
  return ip;
}

std::optional<SynEvidence> ReadTcp(const IpHeader& ip, ByteReader* in) {
  constexpr uint8_t kSyn = 0x02;
  constexpr uint8_t kRst = 0x04;
  constexpr uint8_t kAck = 0x10;
  SynEvidence found{.source = ip.target, .target = ip.source};
  found.target_port = in->U16();
  found.source_port = in->U16();
  in->U32();
  found.sequence = in->U32() - 1;
  in->U8();
  const uint8_t flags = in->U8();
  if (!in->ok() || (flags & kAck) == 0) return std::nullopt;
  if ((flags & kRst) != 0) {
    found.kind = SynReply::Kind::kRefused;
  } else if ((flags & kSyn) == 0) {
    return std::nullopt;
  }
  return found;
}

std::optional<SynEvidence> ReadIcmp(ByteReader* in) {
  constexpr uint8_t kUnreachable = 3;
  constexpr uint8_t kTimeExceeded = 11;
  constexpr uint8_t kParameterProblem = 12;
  const uint8_t type = in->U8();
  in->Bytes(7);
  if (type != kUnreachable && type != kTimeExceeded && type != kParameterProblem) {
    return std::nullopt;
  }
  const auto quoted = ReadIp(in);
  if (!quoted || quoted->protocol != kTcp) return std::nullopt;
  SynEvidence found{
      .kind = SynReply::Kind::kUnreachable, .source = quoted->source, .target = quoted->target};
  found.source_port = in->U16();
  found.target_port = in->U16();
  found.sequence = in->U32();
  if (!in->ok()) return std::nullopt;
  return found;
}

}  // namespace

void WriteSyn(const SynFields& f, uint8_t* out) {
  std::memcpy(out, kTemplate.data(), kSynPacketSize);
  const uint32_t addresses = Halves(f.source) + Halves(f.target);
  Put16(out + 4, f.id);
  Put16(out + 10, Checksum(kIpSum + addresses + f.id));
  Put32(out + 12, f.source);
  Put32(out + 16, f.target);
  uint8_t* const tcp = out + kIpHeader;
  Put16(tcp, f.source_port);
  Put16(tcp + 2, f.target_port);
  Put32(tcp + 4, f.sequence);
  Put16(tcp + 16, Checksum(kTcpSum + addresses + f.source_port + f.target_port +
                           Halves(f.sequence) + Halves(f.timestamp)));
  Put32(out + kTimestampAt, f.timestamp);
}

std::optional<SynEvidence> ParseSynReply(std::string_view packet) {
  ByteReader in(packet);
  const auto ip = ReadIp(&in);
  if (!ip) return std::nullopt;
  if (ip->protocol == kTcp) return ReadTcp(*ip, &in);
  if (ip->protocol == kIcmp) return ReadIcmp(&in);
  return std::nullopt;
}

}  // namespace hark

#pragma once

// The unencrypted binary packet protocol (RFC 4253 §6) and the messages before NEWKEYS.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "worker/probe/observation.h"

namespace hark::ssh {

enum Message : uint8_t {
  kDisconnect = 1,
  kIgnore = 2,
  kUnimplemented = 3,
  kDebug = 4,
  kExtInfo = 7,
  kKexInit = 20,
  kNewKeys = 21,
  // 30–49 belong to the key-exchange method.
  kKexFirst = 30,
  kKexReply = 31,
  kGexGroup = 31,
  kGexInit = 32,
  kGexReply = 33,
  kGexRequest = 34,
  kKexLast = 49,
};

// Reasons of RFC 4253 §11.1 that we give or understand.
inline constexpr uint32_t kReasonProtocolError = 2;
inline constexpr uint32_t kReasonKeyExchangeFailed = 3;
inline constexpr uint32_t kReasonByApplication = 11;
inline constexpr uint32_t kReasonTooManyConnections = 12;

// The payload as a packet.
std::string Packet(std::string_view payload);

enum class Framing { kPacket, kNeedMore, kTooLong, kMalformed };
struct FramedPacket {
  Framing framing = Framing::kNeedMore;
  std::string_view payload;  // into the input; at least one byte with kPacket
  size_t size = 0;           // bytes of input the packet takes
};
// The packet at the front of `in`. The verdict on a bad length comes with its last byte.
FramedPacket ReadPacket(std::string_view in);

// Our KEXINIT's payload. `cookie` is 16 bytes.
std::string KexInitPayload(std::string_view host_key_algorithms, std::string_view cookie);
// nullopt if malformed: cut short, or names that are not printable ASCII (RFC 4251 §6).
std::optional<SshKexInit> ReadKexInit(std::string_view payload);

std::string DisconnectPayload(uint32_t reason, std::string_view description);
struct DisconnectMessage {
  uint32_t reason = 0;
  std::string_view description;
};
DisconnectMessage ReadDisconnect(std::string_view payload);

}  // namespace hark::ssh

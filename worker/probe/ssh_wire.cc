#include "worker/probe/ssh_wire.h"

#include <algorithm>

#include "base/bytes.h"
#include "worker/probe/limits.h"
#include "worker/probe/ssh_algorithms.h"

namespace hark::ssh {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kBlock = 8;       // RFC 4253 §6: without a cipher everything is a multiple of 8
constexpr size_t kMinPadding = 4;  // the same
constexpr size_t kCookieBytes = 16;

bool IsPrintable(std::string_view names) {
  return std::all_of(names.begin(), names.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

std::string Packet(std::string_view payload) {
  const size_t bare = kLengthBytes + 1 + payload.size();
  size_t padding = kBlock - bare % kBlock;
  if (padding < kMinPadding) padding += kBlock;
  ByteWriter out;
  out.U32(static_cast<uint32_t>(1 + payload.size() + padding));
  out.U8(static_cast<uint8_t>(padding));
  out.Bytes(payload);
  // Random padding hides lengths from who reads ciphertext. There is none here.
  out.Bytes(std::string(padding, '\0'));
  return out.Take();
}

FramedPacket ReadPacket(std::string_view in) {
  if (in.size() < kLengthBytes) return {};
  ByteReader reader(in);
  const size_t length = reader.U32();
  if (length > kMaxSshPacket) return {Framing::kTooLong, {}, 0};
  if (length < 1 + 1 + kMinPadding || (kLengthBytes + length) % kBlock != 0) {
    return {Framing::kMalformed, {}, 0};
  }
  if (reader.remaining() < length) return {};
  const size_t padding = reader.U8();
  if (padding < kMinPadding || padding + 2 > length) return {Framing::kMalformed, {}, 0};
  return {Framing::kPacket, reader.Bytes(length - 1 - padding), kLengthBytes + length};
}

std::string KexInitPayload(std::string_view host_key_algorithms, std::string_view cookie) {
  ByteWriter out;
  out.U8(kKexInit);
  out.Bytes(cookie);
  out.String32(kSshKexMethods);
  out.String32(host_key_algorithms);
  for (std::string_view list : {kSshCiphers, kSshMacs, kSshCompression}) {
    out.String32(list);  // client to server
    out.String32(list);  // server to client
  }
  out.String32("");  // languages
  out.String32("");
  out.U8(0);   // no guess follows
  out.U32(0);  // reserved
  return out.Take();
}

std::optional<SshKexInit> ReadKexInit(std::string_view payload) {
  ByteReader reader(payload);
  reader.U8();
  reader.Bytes(kCookieBytes);
  SshKexInit init;
  for (std::string* list :
       {&init.kex_algorithms, &init.server_host_key_algorithms, &init.encryption_client_to_server,
        &init.encryption_server_to_client, &init.mac_client_to_server, &init.mac_server_to_client,
        &init.compression_client_to_server, &init.compression_server_to_client,
        &init.languages_client_to_server, &init.languages_server_to_client}) {
    const std::string_view names = reader.String32(kMaxSshNameList);
    if (!reader.ok() || !IsPrintable(names)) return std::nullopt;
    *list = names;
  }
  init.first_kex_packet_follows = reader.U8() != 0;
  reader.U32();
  if (!reader.ok()) return std::nullopt;
  return init;
}

std::string DisconnectPayload(uint32_t reason, std::string_view description) {
  ByteWriter out;
  out.U8(kDisconnect);
  out.U32(reason);
  out.String32(description);
  out.String32("");  // language
  return out.Take();
}

DisconnectMessage ReadDisconnect(std::string_view payload) {
  ByteReader reader(payload);
  reader.U8();
  DisconnectMessage message;
  message.reason = reader.U32();
  message.description = reader.String32(kMaxSshPacket);
  return message;
}

}  // namespace hark::ssh

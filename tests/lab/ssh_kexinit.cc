#include "tests/lab/ssh_kexinit.h"

#include <openssl/rand.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/strings.h"

namespace hark::lab {
namespace {

constexpr char kCiphers[] =
    "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,"
    "aes256-gcm@openssh.com,aes128-cbc,3des-cbc";
constexpr char kMacs[] = "hmac-sha2-256-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1";

std::string_view Or(std::string_view text, std::string_view otherwise) {
  return text.empty() ? otherwise : text;
}

}  // namespace

std::string SshPacket(std::string_view payload) {
  size_t padding = 8 - (payload.size() + 5) % 8;
  if (padding < 4) padding += 8;
  ByteWriter out;
  out.U32(static_cast<uint32_t>(payload.size() + 1 + padding));
  out.U8(static_cast<uint8_t>(padding));
  out.Bytes(payload);
  out.Bytes(std::string(padding, '\0'));
  return out.Take();
}

std::vector<std::string> NamesIn(std::string_view list) {
  std::vector<std::string> out;
  for (std::string_view name : Split(list, ',')) out.emplace_back(name);
  return out;
}

std::string AgreeOn(std::string_view client, const std::vector<std::string>& ours) {
  for (std::string_view name : Split(client, ',')) {
    if (std::find(ours.begin(), ours.end(), name) != ours.end()) return std::string(name);
  }
  return "";
}

std::string MakeKexInit(const Service& service, const std::vector<std::string>& methods,
                        const std::vector<std::string>& host_keys) {
  std::string cookie(kKexInitCookie, '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(cookie.data()), static_cast<int>(cookie.size()));
  ByteWriter out;
  out.U8(kKexInit);
  out.Bytes(cookie);
  out.String32(Join(methods, ","));
  out.String32(Join(host_keys, ","));
  for (const std::string_view names : {Or(service.ciphers, kCiphers), Or(service.macs, kMacs),
                                       Or(service.compression, "none"), std::string_view()}) {
    out.String32(names);  // client to server
    out.String32(names);  // server to client
  }
  out.U8(0);   // no guessed packet follows
  out.U32(0);  // reserved
  return out.Take();
}

std::string EndlessKexInit() {
  ByteWriter out;
  out.U32(32'768);
  out.U8(4);
  out.U8(kKexInit);
  out.Bytes(std::string(kKexInitCookie, 'c'));
  out.U32(30'000);
  return out.Take();
}

}  // namespace hark::lab

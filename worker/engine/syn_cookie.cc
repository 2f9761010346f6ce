#include "worker/engine/syn_cookie.h"

#include <sodium.h>

#include <array>
#include <cstring>

#include "base/log.h"

namespace hark {

static_assert(SynCookies::kKeySize == crypto_shorthash_KEYBYTES);
static_assert(crypto_shorthash_BYTES == sizeof(uint64_t));

SynCookies::SynCookies(const std::string& key, uint16_t first_port, uint16_t last_port)
    : key_(key), first_port_(first_port), ports_(uint64_t{1} + last_port - first_port) {
  HARK_CHECK(key.size() == kKeySize && first_port <= last_port);
}

SynCookie SynCookies::Of(uint32_t source, uint32_t target, uint16_t target_port) const {
  std::array<uint8_t, 10> text;
  std::memcpy(text.data(), &source, 4);
  std::memcpy(text.data() + 4, &target, 4);
  std::memcpy(text.data() + 8, &target_port, 2);
  uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<uint8_t*>(&hash), text.data(), text.size(),
                   reinterpret_cast<const uint8_t*>(key_.data()));
  // Port and timestamp may share bits: both are in the open as soon as one is. The sequence number
  // has its own.
  const uint64_t high = hash >> 32;
  return {.source_port = static_cast<uint16_t>(first_port_ + (high * ports_ >> 32)),
          .sequence = static_cast<uint32_t>(hash),
          .timestamp = static_cast<uint32_t>(high)};
}

bool SynCookies::Proves(const SynEvidence& e) const {
  const SynCookie ours = Of(e.source, e.target, e.target_port);
  return ours.sequence == e.sequence && ours.source_port == e.source_port;
}

}  // namespace hark

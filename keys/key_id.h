#pragma once

// The one identity of a public key, for SSH and TLS alike: SHA-256 of its DER SubjectPublicKeyInfo
// (RFC 5280 §4.1.2.7). An SSH key of a type with an SPKI form is rebuilt as SPKI and hashed, so a
// key used on port 22 and on 443 is one key. Keys without such a form hash in a named domain of
// their own and can never collide with an SPKI hash by construction.

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hark {

class KeyId {
 public:
  static constexpr size_t kSize = 32;

  KeyId() = default;
  static std::optional<KeyId> FromBytes(std::string_view bytes);

  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), kSize}; }
  std::string ToHex() const;

  auto operator<=>(const KeyId&) const = default;

 private:
  std::array<uint8_t, kSize> bytes_{};
};

// SHA-256 of bytes, 32 bytes.
std::string Sha256(std::string_view bytes);

// The id of a DER SubjectPublicKeyInfo, hashed exactly as given.
KeyId KeyIdOfSpki(std::string_view spki_der);

}  // namespace hark

template <>
struct std::hash<hark::KeyId> {
  size_t operator()(const hark::KeyId& id) const {
    size_t h;
    __builtin_memcpy(&h, id.bytes().data(), sizeof h);  // a hash already
    return h;
  }
};

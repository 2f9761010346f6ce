#include "keys/key_id.h"

#include <openssl/sha.h>

#include <cstring>

#include "base/strings.h"

namespace hark {

std::optional<KeyId> KeyId::FromBytes(std::string_view bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  KeyId id;
  std::memcpy(id.bytes_.data(), bytes.data(), kSize);
  return id;
}

std::string KeyId::ToHex() const {
  return HexEncode(bytes());
}

std::string Sha256(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

KeyId KeyIdOfSpki(std::string_view spki_der) {
  return *KeyId::FromBytes(Sha256(spki_der));
}

}  // namespace hark

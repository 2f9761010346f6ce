#include "keys/key_id.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstring>

#include "base/log.h"
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
  // SHA256() looks the algorithm up each time, which takes longer than a short hash.
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  // No identity may ever be that of a digest that was not made.
  HARK_CHECK(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                        nullptr, kAlgorithm, nullptr) == 1);
  return digest;
}

KeyId KeyIdOfSpki(std::string_view spki_der) {
  return *KeyId::FromBytes(Sha256(spki_der));
}

}  // namespace hark

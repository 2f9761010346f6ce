#include "keys/key_id.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstring>

#include "base/log.h"
#include "base/strings.h"
#include "keys/openssl_ptr.h"

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
  // Each thread's own: to look the algorithm up or to make a context takes as long as a short hash.
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static thread_local const EvpMdCtxPtr context(EVP_MD_CTX_new());
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  // No identity may ever be that of a digest that was not made.
  HARK_CHECK(EVP_DigestInit_ex(context.get(), kAlgorithm, nullptr) == 1 &&
             EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
             EVP_DigestFinal_ex(context.get(), AsUnsigned(digest.data()), nullptr) == 1);
  return digest;
}

KeyId KeyIdOfSpki(std::string_view spki_der) {
  return *KeyId::FromBytes(Sha256(spki_der));
}

}  // namespace hark

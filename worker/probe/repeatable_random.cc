#include "worker/probe/repeatable_random.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>

#include "keys/openssl_ptr.h"

namespace hark {
namespace {

using CipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, OpenSslFree<EVP_CIPHER_CTX_free>>;

constexpr size_t kMost = kLegacyRandomBytes;

// The generator that hands out what it was given; OpenSSL has it to test others with.
OSSL_LIB_CTX* NewLibrary() {
  OSSL_LIB_CTX* library = OSSL_LIB_CTX_new();
  if (library == nullptr) return nullptr;
  if (RAND_set_DRBG_type(library, "TEST-RAND", nullptr, nullptr, nullptr) == 1) return library;
  OSSL_LIB_CTX_free(library);
  return nullptr;
}

bool LayOut(EVP_RAND_CTX* generator, unsigned char* bytes, size_t size) {
  const OSSL_PARAM given[] = {
      OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, bytes, size),
      OSSL_PARAM_construct_end()};
  return generator != nullptr && EVP_RAND_CTX_set_params(generator, given) == 1;
}

}  // namespace

RepeatableRandom::RepeatableRandom() : seeded_(RAND_bytes(seed_.data(), kSeedBytes) == 1) {}

OSSL_LIB_CTX* RepeatableRandom::Library() {
  static OSSL_LIB_CTX* const library = NewLibrary();
  return library;
}

bool RepeatableRandom::Use(uint32_t step, size_t size) const {
  OSSL_LIB_CTX* library = Library();
  if (!seeded_ || library == nullptr || size > kMost) return false;
  // OpenSSL's order: a block counter of 32 bits, then the nonce, in which the step goes.
  unsigned char nonce[16] = {};
  for (size_t i = 0; i < sizeof step; ++i) {
    nonce[4 + i] = static_cast<unsigned char>(step >> (8 * i));
  }
  std::array<unsigned char, 2 * kMost> stream;
  std::fill_n(stream.begin(), 2 * size, 0);
  const CipherCtxPtr cipher(EVP_CIPHER_CTX_new());
  int made = 0;
  if (!cipher ||
      EVP_EncryptInit_ex(cipher.get(), EVP_chacha20(), nullptr, seed_.data(), nonce) != 1 ||
      EVP_EncryptUpdate(cipher.get(), stream.data(), &made, stream.data(),
                        static_cast<int>(2 * size)) != 1) {
    return false;
  }
  return LayOut(RAND_get0_public(library), stream.data(), size) &&
         LayOut(RAND_get0_private(library), stream.data() + size, size);
}

}  // namespace hark

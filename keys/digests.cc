#include "keys/digests.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdlib>

#include "keys/openssl_ptr.h"

namespace hark {
namespace {

constexpr size_t kMd5Bytes = 16;

std::string Digest(const EVP_MD* kind, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, kind, nullptr) != 1) return {};
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace

std::string HmacSha256(std::string_view secret, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned int size = 0;
  // It fails for want of memory only; a pseudonym without its secret would be none.
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), AsUnsigned(text.data()),
           text.size(), mac.data(), &size) == nullptr) {
    std::abort();
  }
  return {reinterpret_cast<const char*>(mac.data()), size};
}

std::string Sha1(std::string_view bytes) {
  return Digest(EVP_sha1(), bytes);
}

std::string Md5(std::string_view bytes) {
  // Each thread's own: to look the algorithm up or to make a context takes as long as a short hash.
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "MD5", nullptr);
  static thread_local const EvpMdCtxPtr context(EVP_MD_CTX_new());
  std::string digest(kMd5Bytes, '\0');
  if (kAlgorithm == nullptr || EVP_DigestInit_ex(context.get(), kAlgorithm, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), AsUnsigned(digest.data()), nullptr) != 1) {
    return {};
  }
  return digest;
}

}  // namespace hark

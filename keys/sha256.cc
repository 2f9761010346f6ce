#include "keys/sha256.h"

#include <openssl/evp.h>

#include "base/log.h"

namespace hark {

struct Sha256Stream::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();

  Context() = default;
  ~Context() { EVP_MD_CTX_free(md); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

// As in key_id.cc: a digest that was not made must never be taken for one.
Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) {
  HARK_CHECK(context_->md != nullptr);
  HARK_CHECK(EVP_DigestInit_ex(context_->md, EVP_sha256(), nullptr) == 1);
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Add(std::string_view bytes) {
  HARK_CHECK(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) == 1);
}

std::string Sha256Stream::Finish() {
  std::string digest(32, '\0');
  HARK_CHECK(EVP_DigestFinal_ex(context_->md, reinterpret_cast<unsigned char*>(digest.data()),
                                nullptr) == 1);
  return digest;
}

}  // namespace hark

#pragma once

// TLS services: a dialogue in clear that may turn to TLS, or TLS from the first byte. OpenSSL runs
// on memory BIOs, at security level 0, so that old versions and short keys really work.

#include <openssl/ssl.h>

#include <memory>

#include "base/status.h"
#include "tests/lab/conversation.h"
#include "tests/lab/key_store.h"
#include "tests/lab/scenario.h"

namespace hark::lab {

// What all TLS conversations share. Not thread-safe.
class TlsContext {
 public:
  static Result<std::unique_ptr<TlsContext>> Make();
  SSL_CTX* get() const { return context_.get(); }

 private:
  std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>> context_;
};

// key: nullptr for a service without one. All arguments outlive the conversation.
std::unique_ptr<Conversation> TlsConversation(const Service& service, const KeyStore::Key* key,
                                              const TlsContext& context);

}  // namespace hark::lab

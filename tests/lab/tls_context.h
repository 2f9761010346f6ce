#pragma once

// What all TLS conversations share: OpenSSL at security level 0, so that old versions and short
// keys really work, and the callbacks that staple, tag and choose as a service's port line says.

#include <openssl/ssl.h>

#include <memory>

#include "base/status.h"
#include "tests/lab/credentials.h"
#include "tests/lab/service.h"

namespace hark::lab {

using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;

// Thread-safe.
class TlsContext {
 public:
  static Result<std::unique_ptr<TlsContext>> Make();

  // What one service's handshakes are made of; both outlive the SSL.
  struct Plan {
    const Service* service = nullptr;
    const ServiceCredentials* credentials = nullptr;
  };
  // A server end, without BIOs. The plan outlives it.
  SslPtr NewServer(const Plan& plan) const;

 private:
  std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>> context_;
};

}  // namespace hark::lab

#pragma once

// The two ways we offer TLS, each one SSL_CTX that all connections of a run share.
//
//  pass   | versions  | key exchange               | ciphers
//  modern | 1.2, 1.3  | ECDHE: X25519 P-256 P-384  | AES-GCM, ChaCha20, AES-CBC; ECDSA and RSA
//  legacy | 1.0 – 1.2 | all of OpenSSL, RSA as well, DH of any size | all with a certificate, 3DES
//
// Neither checks whom the certificate is for, nor sends SNI, nor keeps sessions: a survey wants the
// certificate a stranger is shown.

#include <openssl/ssl.h>

#include <memory>

#include "keys/openssl_ptr.h"

namespace hark {

using SslCtxPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;

enum class TlsPass { kModern, kLegacy };

class TlsContexts {
 public:
  TlsContexts();

  // nullptr if OpenSSL could not set it up. Safe to use from several threads.
  SSL_CTX* Get(TlsPass pass) const {
    return pass == TlsPass::kModern ? modern_.get() : legacy_.get();
  }

 private:
  SslCtxPtr modern_;
  SslCtxPtr legacy_;
};

}  // namespace hark

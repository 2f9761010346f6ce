#pragma once

// The ways we offer TLS through OpenSSL, each one SSL_CTX that all connections of a run share.
//
//  pass   | versions  | key exchange               | ciphers
//  modern | 1.2, 1.3  | ECDHE: X25519 P-256 P-384  | AES-GCM, ChaCha20, AES-CBC; ECDSA and RSA
//  legacy | 1.0 – 1.2 | all of OpenSSL, RSA as well, DH of any size | all with a certificate, 3DES
//  raw    | no OpenSSL: tls_raw_hello.h
//
// Each comes whole and, to ask for the other leaf of a server with two, limited to certificates of
// one family: below 1.3 by the suites, in 1.3 by the signature schemes. PKCS #1 schemes stay in the
// ECDSA offer: in 1.3 they speak of the chain only (RFC 8446 §4.2.3), and an ECDSA leaf under an
// RSA authority is common.
//
// Offered so that the facts can show: stapled OCSP, SCTs, session tickets (never used again).
// Neither checks whom the certificate is for, nor sends SNI, nor keeps sessions: a survey wants the
// certificate a stranger is shown.
//
// All randomness is drawn through RepeatableRandom: whoever uses one lays out what it may draw.

#include <openssl/ssl.h>

#include <array>
#include <memory>

#include "keys/openssl_ptr.h"

namespace hark {

using SslCtxPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;

enum class TlsPass { kModern, kLegacy, kRaw };

// The certificates asked for.
enum class LeafFamily { kAny, kRsa, kEcdsa };

class TlsContexts {
 public:
  TlsContexts();

  // nullptr for the raw pass and if OpenSSL could not set it up. Safe to use from several threads.
  // An SSL whose app data is not null stops, wanting to retry, once its certificate is parsed.
  SSL_CTX* Get(TlsPass pass, LeafFamily family = LeafFamily::kAny) const;

 private:
  static constexpr size_t kFamilies = 3;
  std::array<SslCtxPtr, kFamilies> modern_;
  std::array<SslCtxPtr, kFamilies> legacy_;
};

}  // namespace hark

#pragma once

// Signatures of certificates verified from their bytes, for the algorithms nearly all of them have:
// RSA with PKCS #1 padding and ECDSA on P-256. The same answer as X509_verify's in two thirds of
// the time and without an X509: OpenSSL 3.0 spends 25 microseconds on taking a certificate apart
// and decoding its key, 50 on the signature itself. Everything else is left to OpenSSL. Used inside
// keys/ only.
//
// Threads: all functions may be called by any number of threads at once.

#include <optional>
#include <string_view>

#include "keys/certificate_parts.h"
#include "keys/openssl_ptr.h"

namespace hark {

// Public keys put together from their numbers.
class QuickKeys {
 public:
  QuickKeys();

  // spki: encoded. nullptr for other kinds of keys and what is none.
  EvpPkeyPtr Read(std::string_view spki) const;

 private:
  EvpPkeyPtr ReadP256(std::string_view point) const;

  // Making a key's curve takes OpenSSL three times as long as copying it.
  EvpPkeyPtr p256_;
};

// Whether `key` made the certificate's signature. nullopt: X509_verify must say.
std::optional<bool> QuickVerify(const CertificateParts& certificate, EVP_PKEY* key);

}  // namespace hark

#pragma once

// The lab's key pairs: made, named, cached on disk, and used to sign. OpenSSL is asked for every
// encoding, so that hark's own key code is tested against it and not against itself.

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tests/lab/scenario.h"

namespace hark::lab {

template <auto Free>
struct OpenSslFree {
  template <typename T>
  void operator()(T* p) const {
    Free(p);
  }
};
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, OpenSslFree<X509_free>>;

// A new key pair; DSA and RSA take tens of milliseconds or more, the others well below one.
Result<PkeyPtr> GenerateKey(KeyType type);

// Encodings. Private: PKCS#8 DER. Spki: SubjectPublicKeyInfo DER. Never fail for our own keys.
std::string PrivateDer(EVP_PKEY* key);
std::string SpkiDer(EVP_PKEY* key);
PkeyPtr ParsePrivateDer(std::string_view der);
std::string Sha256Hex(std::string_view bytes);

// A self-signed certificate, CN and SAN "<name>.lab.test", valid 2018 to 2049, as DER. DSA keys
// have none ("").
std::string SelfSigned(EVP_PKEY* key, KeyType type, std::string_view name);
X509Ptr ParseCertificate(std::string_view der);

// SSH (RFC 4253 §6.6, RFC 5656 §3, RFC 8332, RFC 8709): the public key blob, the signature
// algorithms it can do in order of preference, and a signature blob over `message`.
std::string SshBlob(EVP_PKEY* key, KeyType type);
std::vector<std::string> SshAlgorithms(KeyType type);
std::string SshSign(EVP_PKEY* key, std::string_view algorithm, std::string_view message);

}  // namespace hark::lab

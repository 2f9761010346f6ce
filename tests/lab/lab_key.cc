#include "tests/lab/lab_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "base/log.h"
#include "base/strings.h"
#include "tests/lab/certificate.h"

namespace hark::lab {
namespace {

using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpenSslFree<EVP_PKEY_CTX_free>>;

PkeyPtr Rsa(size_t bits) {
  return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
}
PkeyPtr Ec(const char* curve) {
  return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}

PkeyPtr Dsa1024() {
  ContextPtr parameters(EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr));
  EVP_PKEY* raw = nullptr;
  if (EVP_PKEY_paramgen_init(parameters.get()) != 1 ||
      EVP_PKEY_CTX_set_dsa_paramgen_bits(parameters.get(), 1024) != 1 ||
      EVP_PKEY_CTX_set_dsa_paramgen_q_bits(parameters.get(), 160) != 1 ||
      EVP_PKEY_paramgen(parameters.get(), &raw) != 1) {
    return nullptr;
  }
  const PkeyPtr domain(raw);
  ContextPtr generator(EVP_PKEY_CTX_new_from_pkey(nullptr, domain.get(), nullptr));
  raw = nullptr;
  if (EVP_PKEY_keygen_init(generator.get()) != 1 || EVP_PKEY_keygen(generator.get(), &raw) != 1) {
    return nullptr;
  }
  return PkeyPtr(raw);
}

PkeyPtr Generate(KeyType type) {
  switch (type) {
    case KeyType::kEd25519:
    case KeyType::kSkEd25519:
      return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    case KeyType::kEcdsaP256:
      return Ec("P-256");
    case KeyType::kEcdsaP384:
      return Ec("P-384");
    case KeyType::kEcdsaP521:
      return Ec("P-521");
    case KeyType::kRsa1024:
      return Rsa(1024);
    case KeyType::kRsa2048:
      return Rsa(2048);
    case KeyType::kRsa4096:
      return Rsa(4096);
    case KeyType::kDsa1024:
      return Dsa1024();
  }
  return nullptr;
}

// Any i2d function: DER as a string.
template <typename T, typename Encode>
std::string Der(T* object, Encode encode) {
  unsigned char* bytes = nullptr;
  const int n = encode(object, &bytes);
  HARK_CHECK(n > 0);
  std::string out(reinterpret_cast<char*>(bytes), static_cast<size_t>(n));
  OPENSSL_free(bytes);
  return out;
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Result<PkeyPtr> GenerateKey(KeyType type) {
  PkeyPtr key = Generate(type);
  if (key == nullptr) return Internal(StrCat("OpenSSL cannot make a ", KeyTypeName(type), " key"));
  return key;
}

std::string PrivateDer(EVP_PKEY* key) {
  std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpenSslFree<PKCS8_PRIV_KEY_INFO_free>> info(
      EVP_PKEY2PKCS8(key));
  HARK_CHECK(info != nullptr);
  return Der(info.get(), i2d_PKCS8_PRIV_KEY_INFO);
}

std::string SpkiDer(EVP_PKEY* key) {
  return Der(key, i2d_PUBKEY);
}

PkeyPtr ParsePrivateDer(std::string_view der) {
  const unsigned char* p = Bytes(der);
  return PkeyPtr(d2i_AutoPrivateKey(nullptr, &p, static_cast<long>(der.size())));
}

std::string Sha256Hex(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(Bytes(bytes), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return HexEncode(digest);
}

std::string SelfSigned(EVP_PKEY* key, KeyType type, std::string_view name) {
  if (type == KeyType::kDsa1024 || type == KeyType::kSkEd25519) return "";
  CertificateOrder order;
  order.name = name;
  order.key = key;
  return Der(MakeCertificate(order).get(), i2d_X509);
}

X509Ptr ParseCertificate(std::string_view der) {
  const unsigned char* p = Bytes(der);
  return X509Ptr(d2i_X509(nullptr, &p, static_cast<long>(der.size())));
}

}  // namespace hark::lab

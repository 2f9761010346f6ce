#include "tests/lab/lab_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "base/log.h"
#include "base/strings.h"

namespace hark::lab {
namespace {

using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpenSslFree<EVP_PKEY_CTX_free>>;

// Fixed, so that a certificate's dates never decide what a test sees.
constexpr char kNotBefore[] = "20180101000000Z";
constexpr char kNotAfter[] = "20490101000000Z";

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

// Ed25519 and Ed448 hash by themselves; SHA-256 serves all others.
const EVP_MD* CertificateDigest(KeyType type) {
  return type == KeyType::kEd25519 ? nullptr : EVP_sha256();
}

void NameCertificate(X509* certificate, const std::string& host) {
  X509_NAME* name = X509_get_subject_name(certificate);
  // A common name holds 64 characters (RFC 5280, upper bounds); the SAN has the rest.
  const std::string common = host.substr(0, 64);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, Bytes(common),
                             static_cast<int>(common.size()), -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* san =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, StrCat("DNS:", host).c_str());
  if (san != nullptr) X509_add_ext(certificate, san, -1);
  X509_EXTENSION_free(san);
}

// What DNS lets a name hold.
std::string HostName(std::string_view key_name) {
  std::string out;
  for (char c : key_name) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += fine ? c : '-';
  }
  return out + ".lab.test";
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
  if (type == KeyType::kDsa1024) return "";
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  // The serial number follows from the key, so equal keys never have two certificates of one name.
  unsigned char serial[SHA256_DIGEST_LENGTH];
  const std::string spki = SpkiDer(key);
  SHA256(Bytes(spki), spki.size(), serial);
  serial[0] &= 0x7f;
  std::unique_ptr<BIGNUM, OpenSslFree<BN_free>> number(BN_bin2bn(serial, 16, nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  ASN1_TIME_set_string(X509_getm_notBefore(certificate.get()), kNotBefore);
  ASN1_TIME_set_string(X509_getm_notAfter(certificate.get()), kNotAfter);
  NameCertificate(certificate.get(), HostName(name));
  X509_set_pubkey(certificate.get(), key);
  HARK_CHECK(X509_sign(certificate.get(), key, CertificateDigest(type)) > 0);
  return Der(certificate.get(), i2d_X509);
}

X509Ptr ParseCertificate(std::string_view der) {
  const unsigned char* p = Bytes(der);
  return X509Ptr(d2i_X509(nullptr, &p, static_cast<long>(der.size())));
}

}  // namespace hark::lab

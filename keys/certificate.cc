#include "keys/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/strings.h"
#include "keys/der.h"
#include "keys/openssl_ptr.h"

namespace hark {
namespace {

using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpenSslFree<GENERAL_NAMES_free>>;

// The SubjectPublicKeyInfo exactly as encoded. Cut out by hand because i2d_X509_PUBKEY encodes
// anew, which changes a certificate that is not quite DER, and because ingest needs the key of
// every leaf: the walk costs less than a microsecond, d2i_X509 thirty.
std::optional<std::string_view> FindSpki(std::string_view der) {
  const auto certificate = der::Next(der, der::kSequence);
  if (!certificate) return std::nullopt;
  std::string_view in = certificate->content;
  const auto to_be_signed = der::Next(in, der::kSequence);
  if (!to_be_signed) return std::nullopt;
  in = to_be_signed->content;
  der::Next(in, der::kContext0);  // version, absent in v1
  if (!der::Next(in, der::kInteger)) return std::nullopt;
  for (int i = 0; i < 4; ++i) {  // signature, issuer, validity, subject
    if (!der::Next(in, der::kSequence)) return std::nullopt;
  }
  const auto spki = der::Next(in, der::kSequence);
  if (!spki) return std::nullopt;
  in = spki->content;
  if (!der::Next(in, der::kSequence) || !der::Next(in, der::kBitString)) return std::nullopt;
  return spki->encoded;
}

std::string NameText(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  // XN_FLAG_RFC2253 escapes control and non-ASCII characters, so one name stays one line.
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return size > 0 ? std::string(bytes, static_cast<size_t>(size)) : std::string();
}

std::string Bytes(const ASN1_STRING* text) {
  const int size = text == nullptr ? 0 : ASN1_STRING_length(text);
  if (size <= 0) return {};
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<size_t>(size)};
}

std::string CommonName(const X509_NAME* subject) {
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return Bytes(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

std::vector<std::string> DnsNames(const X509* certificate) {
  std::vector<std::string> out;
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return out;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) out.push_back(Bytes(name->d.dNSName));
  }
  return out;
}

std::string SerialHex(const X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  const std::string sign = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER ? "-" : "";
  return sign + HexEncode(Bytes(serial));
}

// 0 for a date that is none.
int64_t UnixTime(const ASN1_TIME* time) {
  std::tm broken_down = {};
  if (time == nullptr || ASN1_TIME_to_tm(time, &broken_down) != 1) return 0;
  return timegm(&broken_down);
}

std::string AlgorithmOid(const X509* certificate) {
  ASN1_OBJECT* algorithm = nullptr;
  X509_PUBKEY_get0_param(&algorithm, nullptr, nullptr, nullptr, X509_get_X509_PUBKEY(certificate));
  char text[128];
  const int length = OBJ_obj2txt(text, sizeof text, algorithm, 1);
  return length > 0 ? std::string(text) : std::string();
}

std::string KeyType(const EVP_PKEY* key, const X509* certificate) {
  switch (key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return "rsa";
    case EVP_PKEY_EC:
      return "ecdsa";
    case EVP_PKEY_ED25519:
      return "ed25519";
    case EVP_PKEY_ED448:
      return "ed448";
    case EVP_PKEY_DSA:
      return "dsa";
    default:
      return AlgorithmOid(certificate);
  }
}

std::string CurveName(const EVP_PKEY* key) {
  char group[64];
  size_t length = 0;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return {};
  if (EVP_PKEY_get_group_name(key, group, sizeof group, &length) != 1) return {};
  return {group, length};
}

void FillKeyFacts(X509* certificate, CertificateFacts& facts) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  facts.key_type = KeyType(key, certificate);
  if (key == nullptr) return;
  facts.key_bits = EVP_PKEY_get_bits(key);
  facts.curve = CurveName(key);
  facts.self_signed =
      X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0 &&
      X509_verify(certificate, key) == 1;
}

}  // namespace

std::optional<KeyId> KeyIdOfCertificate(std::string_view der) {
  if (der.size() > kMaxCertificate) return std::nullopt;
  const std::optional<std::string_view> spki = FindSpki(der);
  if (!spki) return std::nullopt;
  return KeyIdOfSpki(*spki);
}

std::optional<CertificateFacts> ReadCertificate(std::string_view der) {
  const std::optional<KeyId> key = KeyIdOfCertificate(der);
  if (!key) return std::nullopt;
  CertificateFacts facts;
  facts.key = *key;
  const unsigned char* in = AsUnsigned(der.data());
  const X509Ptr certificate(d2i_X509(nullptr, &in, static_cast<long>(der.size())));
  if (certificate) {
    const X509_NAME* subject = X509_get_subject_name(certificate.get());
    facts.subject = NameText(subject);
    facts.issuer = NameText(X509_get_issuer_name(certificate.get()));
    facts.common_name = CommonName(subject);
    facts.dns_names = DnsNames(certificate.get());
    facts.serial_hex = SerialHex(certificate.get());
    facts.not_before_unix = UnixTime(X509_get0_notBefore(certificate.get()));
    facts.not_after_unix = UnixTime(X509_get0_notAfter(certificate.get()));
    FillKeyFacts(certificate.get(), facts);
  }
  ERR_clear_error();  // what the stranger's bytes left must not be read as a later call's failure
  return facts;
}

}  // namespace hark

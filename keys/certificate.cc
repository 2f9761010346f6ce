#include "keys/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <iterator>
#include <utility>

#include "base/strings.h"
#include "keys/certificate_names.h"
#include "keys/der.h"
#include "keys/openssl_ptr.h"

namespace hark {
namespace {

using ObjectPtr = std::unique_ptr<ASN1_OBJECT, OpenSslFree<ASN1_OBJECT_free>>;
using ConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, OpenSslFree<BASIC_CONSTRAINTS_free>>;
using BitsPtr = std::unique_ptr<ASN1_BIT_STRING, OpenSslFree<ASN1_BIT_STRING_free>>;
using PurposesPtr = std::unique_ptr<EXTENDED_KEY_USAGE, OpenSslFree<EXTENDED_KEY_USAGE_free>>;

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

std::string CommonName(const X509_NAME* subject) {
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return BytesOf(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

std::string SerialHex(const X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  const std::string sign = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER ? "-" : "";
  return sign + HexEncode(BytesOf(serial));
}

// 0 for a date that is none.
int64_t UnixTime(const ASN1_TIME* time) {
  std::tm broken_down = {};
  if (time == nullptr || ASN1_TIME_to_tm(time, &broken_down) != 1) return 0;
  return timegm(&broken_down);
}

// The algorithm's OID as dotted text, or the short name we give the common ones.
std::string KeyTypeOfSpki(std::string_view spki) {
  struct Known {
    std::string_view oid;  // content octets
    const char* name;
  };
  constexpr Known kKnown[] = {
      {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", "rsa"},  // RFC 3279 §2.3.1
      {"\x2a\x86\x48\xce\x3d\x02\x01", "ecdsa"},        // RFC 5480 §2.1.1
      {"\x2b\x65\x70", "ed25519"},                      // RFC 8410 §3
      {"\x2b\x65\x71", "ed448"},
      {"\x2a\x86\x48\xce\x38\x04\x01", "dsa"},  // RFC 3279 §2.3.2
  };
  const auto outer = der::Next(spki, der::kSequence);
  std::string_view in = outer ? outer->content : std::string_view();
  const auto algorithm = der::Next(in, der::kSequence);
  in = algorithm ? algorithm->content : std::string_view();
  const auto oid = der::Next(in, der::kOid);
  if (!oid) return "unknown";
  for (const Known& known : kKnown) {
    if (known.oid == oid->content) return known.name;
  }
  const unsigned char* bytes = AsUnsigned(oid->encoded.data());
  const ObjectPtr object(d2i_ASN1_OBJECT(nullptr, &bytes, static_cast<long>(oid->encoded.size())));
  const std::string text = OidText(object.get());
  ERR_clear_error();
  return text.empty() ? "unknown" : text;
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
  if (key == nullptr) return;
  facts.key_bits = EVP_PKEY_get_bits(key);
  facts.curve = CurveName(key);
  facts.self_signed =
      X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0 &&
      X509_verify(certificate, key) == 1;
}

// "" if it has none.
std::string ExtensionBytes(const X509* certificate, int nid) {
  const int at = X509_get_ext_by_NID(certificate, nid, -1);
  if (at < 0) return {};
  return BytesOf(X509_EXTENSION_get_data(X509_get_ext(certificate, at)));
}

template <typename Ptr>
Ptr ExtensionOf(const X509* certificate, int nid) {
  using Object = typename Ptr::element_type;
  return Ptr(static_cast<Object*>(X509_get_ext_d2i(certificate, nid, nullptr, nullptr)));
}

void FillAltNames(const X509* certificate, CertificateFacts& facts) {
  AltNames names = ReadAltNames(ExtensionBytes(certificate, NID_subject_alt_name));
  facts.dns_names = std::move(names.dns);
  facts.emails = std::move(names.emails);
  facts.uris = std::move(names.uris);
  facts.ips = std::move(names.ips);
  facts.san_count = names.count;
}

void FillBasicConstraints(const X509* certificate, CertificateFacts& facts) {
  const auto constraints = ExtensionOf<ConstraintsPtr>(certificate, NID_basic_constraints);
  if (!constraints) return;
  facts.has_basic_constraints = true;
  facts.is_ca = constraints->ca != 0;
  int64_t length = 0;
  if (constraints->pathlen != nullptr &&
      ASN1_INTEGER_get_int64(&length, constraints->pathlen) == 1) {
    facts.path_length = length;
  }
}

void FillUsages(const X509* certificate, CertificateFacts& facts) {
  constexpr const char* kBits[] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                   "dataEncipherment", "keyAgreement",   "keyCertSign",
                                   "cRLSign",          "encipherOnly",   "decipherOnly"};
  if (const auto bits = ExtensionOf<BitsPtr>(certificate, NID_key_usage)) {
    for (int i = 0; i < static_cast<int>(std::size(kBits)); ++i) {
      if (ASN1_BIT_STRING_get_bit(bits.get(), i) != 0) facts.key_usage.emplace_back(kBits[i]);
    }
  }
  const auto purposes = ExtensionOf<PurposesPtr>(certificate, NID_ext_key_usage);
  for (int i = 0; purposes && i < sk_ASN1_OBJECT_num(purposes.get()); ++i) {
    const ASN1_OBJECT* purpose = sk_ASN1_OBJECT_value(purposes.get(), i);
    const int nid = OBJ_obj2nid(purpose);
    facts.extended_key_usage.push_back(nid == NID_undef ? OidText(purpose) : OBJ_nid2sn(nid));
  }
}

void FillSignatureAlgorithm(const X509* certificate, CertificateFacts& facts) {
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OBJECT* oid = nullptr;
  X509_get0_signature(nullptr, &algorithm, certificate);
  X509_ALGOR_get0(&oid, nullptr, nullptr, algorithm);
  facts.signature_algorithm_oid = OidText(oid);
  const int nid = OBJ_obj2nid(oid);
  facts.signature_algorithm = nid == NID_undef ? facts.signature_algorithm_oid : OBJ_nid2ln(nid);
}

void FillFacts(X509* certificate, CertificateFacts& facts) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  facts.version = static_cast<int>(X509_get_version(certificate)) + 1;
  facts.subject = NameText(subject);
  facts.issuer = NameText(X509_get_issuer_name(certificate));
  facts.common_name = CommonName(subject);
  facts.serial_hex = SerialHex(certificate);
  facts.not_before_unix = UnixTime(X509_get0_notBefore(certificate));
  facts.not_after_unix = UnixTime(X509_get0_notAfter(certificate));
  facts.ct_poison = X509_get_ext_by_NID(certificate, NID_ct_precert_poison, -1) >= 0;
  facts.embedded_scts = X509_get_ext_by_NID(certificate, NID_ct_precert_scts, -1) >= 0;
  FillAltNames(certificate, facts);
  FillBasicConstraints(certificate, facts);
  FillUsages(certificate, facts);
  FillSignatureAlgorithm(certificate, facts);
  FillKeyFacts(certificate, facts);
}

}  // namespace

std::optional<KeyId> KeyIdOfCertificate(std::string_view der) {
  if (der.size() > kMaxCertificate) return std::nullopt;
  const std::optional<std::string_view> spki = FindSpki(der);
  if (!spki) return std::nullopt;
  return KeyIdOfSpki(*spki);
}

std::string KeyTypeOfCertificate(std::string_view der) {
  if (der.size() > kMaxCertificate) return {};
  const std::optional<std::string_view> spki = FindSpki(der);
  return spki ? KeyTypeOfSpki(*spki) : std::string();
}

std::optional<CertificateFacts> ReadCertificate(std::string_view der) {
  const std::optional<KeyId> key = KeyIdOfCertificate(der);
  if (!key) return std::nullopt;
  CertificateFacts facts;
  facts.key = *key;
  facts.key_type = KeyTypeOfCertificate(der);
  const unsigned char* in = AsUnsigned(der.data());
  const X509Ptr certificate(d2i_X509(nullptr, &in, static_cast<long>(der.size())));
  if (certificate) FillFacts(certificate.get(), facts);
  ERR_clear_error();  // what the stranger's bytes left must not be read as a later call's failure
  return facts;
}

}  // namespace hark

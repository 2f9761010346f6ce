#include "keys/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <iterator>
#include <utility>

#include "base/strings.h"
#include "keys/certificate_names.h"
#include "keys/certificate_parts.h"
#include "keys/der.h"
#include "keys/openssl_ptr.h"

namespace hark {
namespace {

using IntegerPtr = std::unique_ptr<ASN1_INTEGER, OpenSslFree<ASN1_INTEGER_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, OpenSslFree<ASN1_TIME_free>>;
using ConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, OpenSslFree<BASIC_CONSTRAINTS_free>>;
void FreeExtensions(X509_EXTENSIONS* extensions) {
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}
using ExtensionsPtr = std::unique_ptr<X509_EXTENSIONS, OpenSslFree<FreeExtensions>>;
using BitsPtr = std::unique_ptr<ASN1_BIT_STRING, OpenSslFree<ASN1_BIT_STRING_free>>;
using PurposesPtr = std::unique_ptr<EXTENDED_KEY_USAGE, OpenSslFree<EXTENDED_KEY_USAGE_free>>;

std::string SerialHex(std::string_view encoded) {
  const unsigned char* in = AsUnsigned(encoded.data());
  const IntegerPtr serial(d2i_ASN1_INTEGER(nullptr, &in, static_cast<long>(encoded.size())));
  if (!serial) return {};
  const std::string sign = ASN1_STRING_type(serial.get()) == V_ASN1_NEG_INTEGER ? "-" : "";
  return sign + HexEncode(BytesOf(serial.get()));
}

// The time at the front of `in`; 0 for a date that is none.
int64_t NextTime(std::string_view& in) {
  const auto element = der::Next(in);
  if (!element) return 0;
  const unsigned char* bytes = AsUnsigned(element->encoded.data());
  const TimePtr time(d2i_ASN1_TIME(nullptr, &bytes, static_cast<long>(element->encoded.size())));
  std::tm broken_down = {};
  if (!time || ASN1_TIME_to_tm(time.get(), &broken_down) != 1) return 0;
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
  const std::string text = OidText(oid->encoded);
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

// Only a certificate that OpenSSL takes as a whole can be checked.
bool IsSelfSigned(std::string_view der) {
  const unsigned char* in = AsUnsigned(der.data());
  const X509Ptr certificate(d2i_X509(nullptr, &in, static_cast<long>(der.size())));
  return certificate &&
         X509_NAME_cmp(X509_get_subject_name(certificate.get()),
                       X509_get_issuer_name(certificate.get())) == 0 &&
         X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())) == 1;
}

void FillKeyFacts(std::string_view spki, CertificateFacts& facts) {
  const unsigned char* in = AsUnsigned(spki.data());
  const EvpPkeyPtr key(d2i_PUBKEY(nullptr, &in, static_cast<long>(spki.size())));
  facts.key_type = KeyTypeOfSpki(spki);
  if (!key) return;
  facts.key_bits = EVP_PKEY_get_bits(key.get());
  facts.curve = CurveName(key.get());
}

// "" if it has none.
std::string ExtensionBytes(const X509_EXTENSIONS* extensions, int nid) {
  const int at = X509v3_get_ext_by_NID(extensions, nid, -1);
  if (at < 0) return {};
  return BytesOf(X509_EXTENSION_get_data(X509v3_get_ext(extensions, at)));
}

template <typename Ptr>
Ptr ExtensionOf(const X509_EXTENSIONS* extensions, int nid) {
  using Object = typename Ptr::element_type;
  return Ptr(static_cast<Object*>(X509V3_get_d2i(extensions, nid, nullptr, nullptr)));
}

void FillAltNames(const X509_EXTENSIONS* extensions, CertificateFacts& facts) {
  AltNames names = ReadAltNames(ExtensionBytes(extensions, NID_subject_alt_name));
  facts.dns_names = std::move(names.dns);
  facts.emails = std::move(names.emails);
  facts.uris = std::move(names.uris);
  facts.ips = std::move(names.ips);
  facts.san_count = names.count;
}

void FillBasicConstraints(const X509_EXTENSIONS* extensions, CertificateFacts& facts) {
  const auto constraints = ExtensionOf<ConstraintsPtr>(extensions, NID_basic_constraints);
  if (!constraints) return;
  facts.has_basic_constraints = true;
  facts.is_ca = constraints->ca != 0;
  int64_t length = 0;
  if (constraints->pathlen != nullptr &&
      ASN1_INTEGER_get_int64(&length, constraints->pathlen) == 1) {
    facts.path_length = length;
  }
}

void FillUsages(const X509_EXTENSIONS* extensions, CertificateFacts& facts) {
  constexpr const char* kBits[] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                   "dataEncipherment", "keyAgreement",   "keyCertSign",
                                   "cRLSign",          "encipherOnly",   "decipherOnly"};
  if (const auto bits = ExtensionOf<BitsPtr>(extensions, NID_key_usage)) {
    for (int i = 0; i < static_cast<int>(std::size(kBits)); ++i) {
      if (ASN1_BIT_STRING_get_bit(bits.get(), i) != 0) facts.key_usage.emplace_back(kBits[i]);
    }
  }
  const auto purposes = ExtensionOf<PurposesPtr>(extensions, NID_ext_key_usage);
  for (int i = 0; purposes && i < sk_ASN1_OBJECT_num(purposes.get()); ++i) {
    const ASN1_OBJECT* purpose = sk_ASN1_OBJECT_value(purposes.get(), i);
    const int nid = OBJ_obj2nid(purpose);
    facts.extended_key_usage.push_back(nid == NID_undef ? OidText(purpose) : OBJ_nid2sn(nid));
  }
}

void FillExtensions(std::string_view encoded, CertificateFacts& facts) {
  const unsigned char* in = AsUnsigned(encoded.data());
  const ExtensionsPtr all(d2i_X509_EXTENSIONS(nullptr, &in, static_cast<long>(encoded.size())));
  if (!all) return;
  facts.ct_poison = X509v3_get_ext_by_NID(all.get(), NID_ct_precert_poison, -1) >= 0;
  facts.embedded_scts = X509v3_get_ext_by_NID(all.get(), NID_ct_precert_scts, -1) >= 0;
  FillAltNames(all.get(), facts);
  FillBasicConstraints(all.get(), facts);
  FillUsages(all.get(), facts);
}

void FillSignatureAlgorithm(std::string_view encoded, CertificateFacts& facts) {
  const auto algorithm = der::Next(encoded, der::kSequence);
  std::string_view in = algorithm ? algorithm->content : std::string_view();
  const auto oid = der::Next(in, der::kOid);
  if (!oid) return;
  facts.signature_algorithm_oid = OidText(oid->encoded);
  const int nid = OBJ_txt2nid(facts.signature_algorithm_oid.c_str());
  facts.signature_algorithm = nid == NID_undef ? facts.signature_algorithm_oid : OBJ_nid2ln(nid);
}

void FillFacts(const CertificateParts& parts, CertificateFacts& facts) {
  facts.version = parts.version.empty() ? 1 : static_cast<uint8_t>(parts.version.back()) + 1;
  facts.subject = NameText(parts.subject);
  facts.issuer = NameText(parts.issuer);
  facts.common_name = CommonNameOf(parts.subject);
  facts.serial_hex = SerialHex(parts.serial);
  std::string_view validity = parts.validity;
  if (const auto times = der::Next(validity, der::kSequence)) {
    std::string_view in = times->content;
    facts.not_before_unix = NextTime(in);
    facts.not_after_unix = NextTime(in);
  }
  FillExtensions(parts.extensions, facts);
  FillSignatureAlgorithm(parts.signature_algorithm, facts);
  FillKeyFacts(parts.spki, facts);
}

}  // namespace

std::optional<KeyId> KeyIdOfCertificate(std::string_view der) {
  if (der.size() > kMaxCertificate) return std::nullopt;
  const std::optional<CertificateParts> parts = CutCertificate(der);
  if (!parts) return std::nullopt;
  return KeyIdOfSpki(parts->spki);
}

std::optional<std::string> SpkiOfCertificate(std::string_view der) {
  if (der.size() > kMaxCertificate) return std::nullopt;
  const std::optional<CertificateParts> parts = CutCertificate(der);
  if (!parts) return std::nullopt;
  return std::string(parts->spki);
}

std::string KeyTypeOfCertificate(std::string_view der) {
  if (der.size() > kMaxCertificate) return {};
  const std::optional<CertificateParts> parts = CutCertificate(der);
  return parts ? KeyTypeOfSpki(parts->spki) : std::string();
}

std::optional<CertificateFacts> ReadCertificate(std::string_view der) {
  if (der.size() > kMaxCertificate) return std::nullopt;
  const std::optional<CertificateParts> parts = CutCertificate(der);
  const std::optional<KeyId> key = parts ? KeyIdOfSpki(parts->spki) : std::optional<KeyId>();
  if (!key) return std::nullopt;
  CertificateFacts facts;
  facts.key = *key;
  FillFacts(*parts, facts);
  facts.self_signed = IsSelfSigned(der);
  ERR_clear_error();  // what the stranger's bytes left must not be read as a later call's failure
  return facts;
}

}  // namespace hark

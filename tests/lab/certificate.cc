#include "tests/lab/certificate.h"

#include <openssl/ocsp.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "base/log.h"
#include "base/strings.h"

namespace hark::lab {
namespace {

// A common name holds 64 characters (RFC 5280, upper bounds); the SAN has the rest.
constexpr size_t kMaxCommonName = 64;

struct Period {
  const char* first;
  const char* last;
};

// Fixed, so that a certificate's dates never decide what a test sees.
Period PeriodOf(CertificateDates dates) {
  switch (dates) {
    case CertificateDates::kNormal:
      return {"20180101000000Z", "20490101000000Z"};
    case CertificateDates::kExpired:
      return {"20100101000000Z", "20110101000000Z"};
    case CertificateDates::kYear9999:  // "no well-defined expiration date" (RFC 5280 §4.1.2.5)
      return {"20180101000000Z", "99991231235959Z"};
  }
  return {};
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
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

void AddName(X509_NAME* name, const std::string& host) {
  const std::string common = host.substr(0, kMaxCommonName);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, Bytes(common),
                             static_cast<int>(common.size()), -1, 0);
}

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  if (extension != nullptr) X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void SetSerial(X509* certificate, const CertificateOrder& order) {
  // Equal keys never have two certificates of one name.
  const std::string text = SpkiDer(order.key) + (order.signer == nullptr ? "" : order.name);
  unsigned char serial[SHA256_DIGEST_LENGTH];
  SHA256(Bytes(text), text.size(), serial);
  serial[0] &= 0x7f;
  const std::unique_ptr<BIGNUM, OpenSslFree<BN_free>> number(BN_bin2bn(serial, 16, nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

// Ed25519 hashes by itself; SHA-256 serves all others.
const EVP_MD* DigestFor(EVP_PKEY* signer) {
  return EVP_PKEY_is_a(signer, "ED25519") == 1 ? nullptr : EVP_sha256();
}

}  // namespace

X509Ptr MakeCertificate(const CertificateOrder& order) {
  X509Ptr out(X509_new());
  X509_set_version(out.get(), X509_VERSION_3);
  SetSerial(out.get(), order);
  const Period period = PeriodOf(order.dates);
  ASN1_TIME_set_string(X509_getm_notBefore(out.get()), period.first);
  ASN1_TIME_set_string(X509_getm_notAfter(out.get()), period.last);
  const std::string host = HostName(order.name);
  AddName(X509_get_subject_name(out.get()), host);
  AddName(X509_get_issuer_name(out.get()), order.issuer.empty() ? host : HostName(order.issuer));
  std::string names = "DNS:" + host;
  for (uint32_t i = 1; i < order.sans; ++i) names += StrCat(",DNS:", i, '.', host);
  AddExtension(out.get(), NID_subject_alt_name, names);
  if (order.authority) AddExtension(out.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_set_pubkey(out.get(), order.key);
  EVP_PKEY* signer = order.signer == nullptr ? order.key : order.signer;
  HARK_CHECK(X509_sign(out.get(), signer, DigestFor(signer)) > 0);
  return out;
}

std::string MakeOcspResponse(X509* leaf, X509* issuer, EVP_PKEY* signer) {
  const std::unique_ptr<OCSP_BASICRESP, OpenSslFree<OCSP_BASICRESP_free>> basic(
      OCSP_BASICRESP_new());
  const std::unique_ptr<OCSP_CERTID, OpenSslFree<OCSP_CERTID_free>> id(
      OCSP_cert_to_id(nullptr, leaf, issuer));
  const std::unique_ptr<ASN1_TIME, OpenSslFree<ASN1_TIME_free>> now(ASN1_TIME_new());
  ASN1_TIME_set_string(now.get(), "20180101000000Z");
  HARK_CHECK(OCSP_basic_add1_status(basic.get(), id.get(), V_OCSP_CERTSTATUS_GOOD, 0, nullptr,
                                    now.get(), nullptr) != nullptr);
  HARK_CHECK(OCSP_basic_sign(basic.get(), issuer, signer, DigestFor(signer), nullptr, 0) == 1);
  const std::unique_ptr<OCSP_RESPONSE, OpenSslFree<OCSP_RESPONSE_free>> response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  unsigned char* bytes = nullptr;
  const int n = i2d_OCSP_RESPONSE(response.get(), &bytes);
  HARK_CHECK(n > 0);
  std::string out(reinterpret_cast<char*>(bytes), static_cast<size_t>(n));
  OPENSSL_free(bytes);
  return out;
}

}  // namespace hark::lab

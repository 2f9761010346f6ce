#pragma once

// X.509 certificates made to order, by OpenSSL.

#include <string>
#include <string_view>

#include "tests/lab/lab_key.h"

namespace hark::lab {

struct CertificateOrder {
  std::string name;            // of the subject, as in <name>.lab.test
  std::string issuer;          // likewise; "" is the subject itself
  EVP_PKEY* key = nullptr;     // certified
  EVP_PKEY* signer = nullptr;  // nullptr: the key itself
  uint32_t sans = 1;           // DNS names: <name>.lab.test, then 1.<name>.lab.test and so on
  CertificateDates dates = CertificateDates::kNormal;
  bool authority = false;  // basic constraints CA
};

// Valid 2018 to 2049 if dates are normal. The serial number follows from key and name.
X509Ptr MakeCertificate(const CertificateOrder& order);

// An OCSP response "good" about the leaf, signed by the signer (RFC 6960), DER.
std::string MakeOcspResponse(X509* leaf, X509* issuer, EVP_PKEY* signer);

}  // namespace hark::lab

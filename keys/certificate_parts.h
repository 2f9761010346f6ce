#pragma once

// A certificate cut into its parts without decoding any of them. Used inside keys/ only.

#include <optional>
#include <string_view>

namespace hark {

// Views into the certificate, exactly as encoded; those behind the key may be empty.
struct CertificateParts {
  std::string_view version;  // content of the INTEGER, "" in v1
  std::string_view serial;
  std::string_view issuer;
  std::string_view validity;
  std::string_view subject;
  std::string_view spki;
  std::string_view extensions;
  std::string_view signature_algorithm;
  std::string_view signature;     // content of the BIT STRING
  std::string_view to_be_signed;  // what it is made over
  std::string_view signed_as;     // the algorithm once more, as part of that
};

// nullopt if there is no key in it. Ignores what follows the certificate.
std::optional<CertificateParts> CutCertificate(std::string_view der);

}  // namespace hark

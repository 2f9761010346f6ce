// Reading any blob as a certificate ends, and agrees with what it says elsewhere.

#include <cstdlib>

#include "keys/ssh_certificate.h"
#include "keys/ssh_security_key.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view blob(reinterpret_cast<const char*>(data), size);
  const auto certificate = hark::ReadSshCertificate(blob);
  const auto key = hark::CertifiedSshKey(blob);
  if (certificate.has_value() != key.has_value()) std::abort();
  if (certificate) {
    if (certificate->certified_key != *key || !hark::IsSshCertificateType(certificate->type) ||
        certificate->principals.size() > hark::kMaxSshCertificateEntries ||
        certificate->extensions.size() > hark::kMaxSshCertificateEntries) {
      std::abort();
    }
  }
  hark::ReadSshSecurityKey(key ? std::string_view(*key) : blob);
  return 0;
}

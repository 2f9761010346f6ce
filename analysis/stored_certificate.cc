#include "analysis/stored_certificate.h"

namespace hark {

Result<std::optional<CertificateFacts>> ReadStoredCertificate(const RunReader& reader,
                                                              std::string_view sha256) {
  const Result<std::string> der = reader.Certificate(sha256);
  if (der.status().code() == StatusCode::kNotFound) return std::optional<CertificateFacts>();
  if (!der.ok()) return der.status();
  return ReadCertificate(*der);
}

}  // namespace hark

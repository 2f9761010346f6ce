#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"
#include "keys/certificate.h"
#include "storage/run_reader.h"

namespace hark {

// The certificate of this SHA-256 (32 bytes), read; nothing for one that the store does not have or
// that cannot be read, which a stranger's may be. Failures are the store's.
Result<std::optional<CertificateFacts>> ReadStoredCertificate(const RunReader& reader,
                                                              std::string_view sha256);

}  // namespace hark

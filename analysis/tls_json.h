#pragma once

// The TLS side of observation_json.h: handshakes and certificates.

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "analysis/observation_json.h"
#include "proto/observation.pb.h"

namespace hark {

nlohmann::ordered_json TlsFactsJson(const proto::TlsFacts& tls,
                                    const ObservationJsonOptions& options);

// der: at least one byte; it may be any bytes.
nlohmann::ordered_json CertificateJson(std::string_view der, bool with_der);

}  // namespace hark

#pragma once

#include <cstdint>
#include <string_view>

namespace hark {

// The name of a TLS alert (IANA TLS Alerts, with those SSLv3 and TLS 1.0 had): "handshake_failure";
// "" for a number without one.
std::string_view TlsAlertName(uint8_t code);

}  // namespace hark

#pragma once

// The names IANA's TLS registries give to code points a server may choose, of the suites any server
// was ever built with: TLS 1.3's, OpenSSL's, and the RC4, DES and export suites before them. The
// code is the fact and is always shown; the name is for people, "" where the table has none.

#include <cstdint>
#include <string_view>

namespace hark {

std::string_view IanaCipherSuite(uint16_t code);      // "TLS_AES_128_GCM_SHA256"
std::string_view IanaSignatureScheme(uint16_t code);  // "ecdsa_secp256r1_sha256"
std::string_view IanaAlert(uint8_t code);             // "handshake_failure"

}  // namespace hark

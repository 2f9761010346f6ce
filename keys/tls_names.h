#pragma once

// The registry's names for the numbers of TLS, for people and for tables.

#include <cstdint>
#include <string>

namespace hark {

// A cipher suite's IANA name ("TLS_RSA_WITH_RC4_128_SHA"), SSLv3's and the export ones included;
// "0x1234" for what has none here.
std::string TlsSuiteName(uint16_t suite);
// A named group ("x25519", "secp256r1", "ffdhe2048"), or "group-1234".
std::string TlsGroupName(uint16_t group);
// A SignatureScheme of RFC 8446 §4.2.3 ("ecdsa_secp256r1_sha256"), or "0x1234".
std::string TlsSignatureSchemeName(uint16_t scheme);

}  // namespace hark

#pragma once

// JA3S, the fingerprint of a ServerHello, by its published definition
// (https://github.com/salesforce/ja3): MD5 over "version,cipher,extensions", numbers decimal,
// extension types joined by '-' in the order sent. GREASE is not removed from a server's.

#include <cstdint>
#include <string>
#include <vector>

namespace hark {

// What the fingerprint is taken of. `version` is the ServerHello's own field, which TLS 1.3 sets
// to 771 as well.
std::string Ja3sText(uint16_t version, uint16_t suite, const std::vector<uint16_t>& extensions);
// 32 hex digits; "" if there is no MD5 to be had (a FIPS build).
std::string Ja3s(uint16_t version, uint16_t suite, const std::vector<uint16_t>& extensions);

}  // namespace hark

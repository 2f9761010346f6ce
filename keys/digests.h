#pragma once

// Hashes beside SHA-256 (keys/key_id.h): a keyed one for pseudonyms, and the old ones by which
// keys and certificates are still known to search engines.

#include <string>
#include <string_view>

namespace hark {

// HMAC-SHA-256 (RFC 2104), 32 bytes.
std::string HmacSha256(std::string_view secret, std::string_view text);

// 20 and 16 bytes; "" where a FIPS build has them not.
std::string Sha1(std::string_view bytes);
std::string Md5(std::string_view bytes);

}  // namespace hark

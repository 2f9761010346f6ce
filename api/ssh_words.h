#pragma once

// The forms in which analysts write SSH fingerprints, hosts and days, and the ones Passive SSH
// answers in.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hark {

// What somebody asks for with a fingerprint.
struct AskedFingerprint {
  enum class Form {
    kMalformed,
    kNothing,  // well-formed to Passive SSH, which only counts to 47, but no fingerprint
    kMd5,
    kSha256,  // of the SSH blob; 64 hex digits may be a key id or an SPKI's hash as well
  };
  Form form = Form::kMalformed;
  // 16 or 32 bytes each. More than one only for base64 with slashes, of which a path loses doubled
  // ones: then all that it may have been.
  std::vector<std::string> bytes;
};

// MD5: 32 hex digits, or 16 pairs with colons, with or without "MD5:"; SHA-256: "SHA256:" and
// base64 with or without padding, of either alphabet, or 64 hex digits. Prefixes and hex in any
// case.
AskedFingerprint ParseAskedFingerprint(std::string_view text);

// "8f:f9:…": 16 bytes as 47 characters.
std::string ColonHex(std::string_view bytes);

// "20250105", the day in UTC.
std::string DayText(int64_t unix_s);

}  // namespace hark

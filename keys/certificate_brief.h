#pragma once

// The little of a certificate that tables over millions of them need, read in a microsecond or two:
// no OpenSSL object, nothing verified. keys/certificate.h has everything. Input is whatever a
// stranger sent; both readers find the same key or none.

#include <cstdint>
#include <optional>
#include <string_view>

#include "keys/key_id.h"
#include "keys/key_kind.h"

namespace hark {

struct CertificateBrief {
  KeyId key;
  KeyKind kind;
  int64_t not_before_unix = 0;  // 0 for a date not in RFC 5280's form
  int64_t not_after_unix = 0;   // inclusive (RFC 5280 §4.1.2.5)
  bool wildcard = false;        // '*' in the common name or a DNS name
  // Of the set of common name and DNS names, in any order and case: different sets differ but for
  // one chance in 2^32.
  uint32_t names_hash = 0;
};

// nullopt where ReadCertificate gives nullopt.
std::optional<CertificateBrief> ReadCertificateBrief(std::string_view der);

}  // namespace hark

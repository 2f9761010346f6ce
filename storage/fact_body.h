#pragma once

// Internal to storage/: the values of the facts family (docs/formats/store.md).

#include <string>
#include <string_view>

namespace hark {

// Of a key: one of these, then its bytes.
enum class KeyBody : char {
  kSshBlob = 'b',
  kSpki = 's',
  kInCertificate = 'c',  // SHA-256 of a certificate that has it
};

// Of a certificate: the SHA-256 of its DER, then one of these.
inline constexpr char kBodyUnknown = 0;
inline constexpr char kBodyInCerts = 1;  // in the certs family, and its names in fact_names

}  // namespace hark

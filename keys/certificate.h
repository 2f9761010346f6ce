#pragma once

// What hark keeps of an X.509 certificate (RFC 5280). Input is whatever a stranger sent.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keys/key_id.h"

namespace hark {

struct CertificateFacts {
  KeyId key;             // of the SPKI exactly as encoded in the certificate
  std::string key_type;  // "rsa", "ecdsa", "ed25519", "ed448", "dsa" or the algorithm's OID
  int key_bits = 0;
  std::string curve;    // e.g. "prime256v1", "" if none
  std::string subject;  // RFC 2253 one line, escaped
  std::string issuer;
  std::string common_name;             // first CN of the subject, bytes as given
  std::vector<std::string> dns_names;  // dNSName SANs in order
  std::string serial_hex;
  int64_t not_before_unix = 0;
  int64_t not_after_unix = 0;
  bool self_signed = false;  // issuer equals subject and its own key verifies it
};

// Largest certificate looked at.
inline constexpr size_t kMaxCertificate = size_t{64} * 1024;

// nullopt when not even a key can be found in it; fields that cannot be read stay empty. Both
// functions find the same key or none, and ignore what follows the certificate.
std::optional<CertificateFacts> ReadCertificate(std::string_view der);
// Only the key, which is what ingest needs for every leaf: no allocation of names.
std::optional<KeyId> KeyIdOfCertificate(std::string_view der);

}  // namespace hark

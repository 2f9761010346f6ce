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
  int key_bits = 0;      // 0 where the key itself cannot be read
  std::string curve;     // e.g. "prime256v1", "" if none
  int version = 0;       // 1 to 3 in honest ones; 0 where it cannot be read
  std::string subject;   // RFC 2253 one line, escaped
  std::string issuer;
  std::string common_name;  // first CN of the subject, bytes as given
  // SANs in order, all of them, bytes as given but for addresses, which are text.
  std::vector<std::string> dns_names;
  std::vector<std::string> emails;
  std::vector<std::string> uris;
  std::vector<std::string> ips;
  size_t san_count = 0;    // of every kind
  std::string serial_hex;  // "-" before it if negative
  int64_t not_before_unix = 0;
  int64_t not_after_unix = 0;
  bool self_signed = false;  // issuer equals subject and its own key verifies it
  // Extensions, empty where absent or unreadable.
  bool has_basic_constraints = false;
  bool is_ca = false;
  std::optional<int64_t> path_length;
  std::vector<std::string> key_usage;           // "digitalSignature" and so on, RFC 5280 §4.2.1.3
  std::vector<std::string> extended_key_usage;  // OpenSSL's short name ("serverAuth") or the OID
  bool ct_poison = false;                       // a precertificate (RFC 6962 §3.1)
  bool embedded_scts = false;
  std::string signature_algorithm;      // "sha256WithRSAEncryption", or the OID
  std::string signature_algorithm_oid;  // dotted
};

// Largest certificate looked at.
inline constexpr size_t kMaxCertificate = size_t{64} * 1024;

// nullopt when not even a key can be found in it; fields that cannot be read stay empty. All
// functions find the same key or none, and ignore what follows the certificate.
std::optional<CertificateFacts> ReadCertificate(std::string_view der);
// Only the key, which is what ingest needs for every leaf: no allocation of names.
std::optional<KeyId> KeyIdOfCertificate(std::string_view der);
// The DER SubjectPublicKeyInfo as encoded in it.
std::optional<std::string> SpkiOfCertificate(std::string_view der);
// Only the type of that key, as CertificateFacts::key_type has it; "" where there is none.
std::string KeyTypeOfCertificate(std::string_view der);

}  // namespace hark

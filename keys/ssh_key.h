#pragma once

// SSH public key blobs (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4, OpenSSH PROTOCOL.u2f and
// PROTOCOL.certkeys): their type, size, SPKI form, fingerprints and identity.

#include <optional>
#include <string>
#include <string_view>

#include "keys/key_id.h"

namespace hark {

struct SshKeyInfo {
  std::string type;  // the type string inside the blob, e.g. "ssh-ed25519"; "" if unreadable
  int bits = 0;      // modulus or field size; 0 unknown
  bool certificate = false;  // *-cert-v01@openssh.com: id is that of the certified key
  std::string spki;          // DER; empty for types without an SPKI form
  KeyId id;
};

// Largest blob looked at; longer ones are unreadable. OpenSSH's own limit for a packet is 256 KiB.
inline constexpr size_t kMaxSshKeyBlob = size_t{64} * 1024;

// Never fails: a blob that cannot be read (unknown type, malformed, point off the curve) has its
// id in the domain "hark ssh blob v1" and an empty spki.
SshKeyInfo ReadSshKey(std::string_view blob);

// The SSH blob of an SPKI, for RSA, DSA, ECDSA P-256/384/521 and Ed25519; nullopt otherwise.
std::optional<std::string> SshBlobOfSpki(std::string_view spki_der);

// "SHA256:" + base64 without padding, as ssh-keygen -l prints.
std::string SshSha256Fingerprint(std::string_view blob);
// "MD5:" + 16 colon-separated hex pairs.
std::string SshMd5Fingerprint(std::string_view blob);

}  // namespace hark

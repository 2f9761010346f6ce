#pragma once

// OpenSSH certificates (PROTOCOL.certkeys, *-cert-v01@openssh.com): who vouches for a key, for
// whom and how long. Read from the blob a server shows as its host key; nothing is verified here.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hark {

struct SshCertificateOption {
  std::string name;  // bytes as given
  std::string data;  // as packed; most are empty or hold one SSH string

  bool operator==(const SshCertificateOption&) const = default;
};

struct SshCertificate {
  static constexpr uint32_t kUser = 1;
  static constexpr uint32_t kHost = 2;
  static constexpr uint64_t kForever = UINT64_MAX;

  std::string type;                     // with its suffix, e.g. "ssh-ed25519-cert-v01@openssh.com"
  std::string certified_key;            // the inner key as a plain blob, see keys/ssh_key.h
  uint64_t serial = 0;                  // 0 = the CA does not number them
  uint32_t kind = 0;                    // kUser, kHost, or whatever a stranger wrote
  std::string key_id;                   // free text of the CA, bytes as given
  std::vector<std::string> principals;  // host names, bytes as given; none = valid for every host
  uint64_t valid_after = 0;             // seconds since 1970
  uint64_t valid_before = 0;            // the same; kForever = never ends
  std::vector<SshCertificateOption> critical_options;
  std::vector<SshCertificateOption> extensions;
  std::string ca_key;  // blob of the key that signed; SshSha256Fingerprint names it
  // False if a list was malformed or had more than kMaxSshCertificateEntries; what could be read
  // of it is kept.
  bool lists_complete = true;
};

// Principals, critical options or extensions kept. OpenSSH itself accepts 256 principals.
inline constexpr size_t kMaxSshCertificateEntries = 256;

bool IsSshCertificateType(std::string_view type);

// nullopt for anything that is not framed as a certificate of a type we know, to its last byte, and
// for blobs longer than kMaxSshKeyBlob.
std::optional<SshCertificate> ReadSshCertificate(std::string_view blob);
// Only its certified_key, for those who want nothing else. Both find it or neither.
std::optional<std::string> CertifiedSshKey(std::string_view blob);

}  // namespace hark

#pragma once

// Keys that live in an authenticator (OpenSSH PROTOCOL.u2f): sk-ssh-ed25519@openssh.com and
// sk-ecdsa-sha2-nistp256@openssh.com. They sign not a message but its hash among other things.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hark {

struct SshSecurityKey {
  std::string plain_blob;   // the same point as a key of the plain type (keys/ssh_key.h)
  std::string application;  // what the key was made for, usually "ssh:"
};

// nullopt for every other blob, certificates included (CertifiedSshKey first).
std::optional<SshSecurityKey> ReadSshSecurityKey(std::string_view blob);

// What the authenticator put its signature under for `message`.
std::string SecurityKeySigned(std::string_view application, uint8_t flags, uint32_t counter,
                              std::string_view message);

}  // namespace hark

#pragma once

// SSH public keys and fingerprints as texts of other programs have them.

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace hark {

// The blob of "ssh-ed25519 AAAA...", of the same with a comment behind it, or of the base64 alone.
// kInvalidInput for what is no base64, is longer than any key (keys/ssh_key.h) or does not begin
// with the name of a type. A key of a type that hark does not know is one.
Result<std::string> SshBlobOfText(std::string_view text);

// 16 bytes of "8f:f9:...", the digits alone or "MD5:" before either; nullopt otherwise.
std::optional<std::string> Md5OfFingerprint(std::string_view text);
// 32 bytes of "SHA256:" and base64 or digits; nullopt otherwise.
std::optional<std::string> Sha256OfFingerprint(std::string_view text);

// Whether a fingerprint in either form is the blob's. nullopt: it is no fingerprint.
std::optional<bool> FingerprintFits(std::string_view fingerprint, std::string_view blob);

}  // namespace hark

#pragma once

// An SSH public key as OpenSSL wants it for verifying.

#include <string_view>

#include "keys/openssl_ptr.h"
#include "keys/ssh_key.h"

namespace hark::ssh {

// The key of a plain blob (no certificate, no security key) that ReadSshKey has read as `info`;
// nullptr if it has no SPKI form or OpenSSL refuses it.
EvpPkeyPtr NewPublicKey(std::string_view blob, const SshKeyInfo& info);

}  // namespace hark::ssh

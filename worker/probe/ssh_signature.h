#pragma once

// Does the host hold the key it showed? The signature of the key-exchange reply, checked over the
// exchange hash (RFC 4253 §8) with OpenSSL.

#include <string_view>

#include "base/outcome.h"

namespace hark::ssh {

// `host_key` is the blob as sent, of any type; `signature` the signature blob (RFC 4253 §6.6).
// kUnverified for types we cannot check: those without an SPKI form (keys/ssh_key.h) and malformed
// keys. kBad for everything a checkable key did not sign, malformed signatures included.
Proof CheckSignature(std::string_view host_key, std::string_view signature,
                     std::string_view exchange_hash);

}  // namespace hark::ssh

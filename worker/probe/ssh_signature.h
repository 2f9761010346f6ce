#pragma once

// Does the host hold the key it showed? The signature of the key-exchange reply, checked over the
// exchange hash (RFC 4253 §8) with OpenSSL.

#include <string>
#include <string_view>

#include "base/outcome.h"

namespace hark::ssh {

// A signature blob (RFC 4253 §6.6) held against a key and an exchange hash.
struct CheckedSignature {
  Proof proof = Proof::kUnverified;
  std::string algorithm;  // the name inside the signature; "" if it is no printable name
  // r of a DSA or ECDSA signature, big-endian without leading zeros; "" for other kinds and for
  // numbers no such signature has. Taken from the signature as sent, whatever its proof.
  std::string r;
};

// `host_key` is the blob as sent, of any type: a certificate is checked with the key it certifies,
// a security key with what its authenticator signs (keys/ssh_security_key.h). `exchange_hash` is
// empty if the exchange did not get as far.
//
// kUnverified without a hash and for what we cannot check: keys of unknown types, malformed keys,
// signatures by a method of unknown name. kBad for everything else a checkable key did not sign,
// malformed signatures included.
CheckedSignature CheckSignature(std::string_view host_key, std::string_view signature,
                                std::string_view exchange_hash);

}  // namespace hark::ssh

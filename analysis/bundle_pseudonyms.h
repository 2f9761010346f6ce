#pragma once

// What hosts, keys and clusters of others are called in a bundle: a letter and the beginning of an
// HMAC-SHA-256 (RFC 2104) under a secret of the bundle's own. Within the bundle the same thing has
// the same name; without the secret nobody can tell which, not even by trying all addresses or
// hashing the keys of the whole Internet; and two bundles have no name in common.
//
// What is hashed is text, so that whoever has the secret can do it with openssl:
//
//   m…  "host 203.0.113.5"     the address as Address::ToString writes it
//   k…  "key 3f…"              the key's id, 64 hex digits
//   g…  "cluster c0123456789ab" the cluster's id in the run

#include <string>
#include <string_view>

#include "base/address.h"
#include "keys/key_id.h"

namespace hark {

class BundlePseudonyms {
 public:
  static constexpr size_t kSecretSize = 32;
  // 64 bits: two of a million names in a bundle meet with probability 3e-8.
  static constexpr size_t kHexDigits = 16;

  // secret: kSecretSize bytes of base/random.h's SecureBytes.
  explicit BundlePseudonyms(std::string secret) : secret_(std::move(secret)) {}

  const std::string& secret() const { return secret_; }
  std::string OfHost(const Address& address) const;
  std::string OfKey(const KeyId& key) const;
  std::string OfCluster(std::string_view id) const;

 private:
  std::string Name(char letter, const std::string& what) const;

  std::string secret_;
};

}  // namespace hark

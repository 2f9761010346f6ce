#pragma once

// Which algorithm a public key is of and how large it is: 4 bytes a key, read from the encoded
// key by a walk that checks nothing else (no point on a curve, no OpenSSL). For counting millions.

#include <cstdint>
#include <string_view>

namespace hark {

enum class KeyAlgorithm : uint8_t {
  kUnreadable,
  kRsa,
  kDsa,
  kEcdsa,
  kEd25519,
  kEd448,
  kSecurityKey,  // FIDO keys of SSH (sk-…), whatever algorithm is in them
  kOther,
};

enum class KeyCurve : uint16_t {
  kOther,
  kP192,
  kP224,
  kP256,
  kP384,
  kP521,
  kSecp256k1,
  kBrainpool,  // of any size
};

struct KeyKind {
  KeyAlgorithm algorithm = KeyAlgorithm::kUnreadable;
  uint16_t size = 0;  // RSA, DSA: bits of the modulus, at most 65535; ECDSA: a KeyCurve

  KeyCurve curve() const { return static_cast<KeyCurve>(size); }
  bool operator==(const KeyKind&) const = default;
};

// Of a DER SubjectPublicKeyInfo (RFC 3279, RFC 5480, RFC 8410).
KeyKind KeyKindOfSpki(std::string_view spki);
// Of an SSH public key blob; of a certificate (…-cert-v01@openssh.com) the key certified.
KeyKind KeyKindOfSshBlob(std::string_view blob);

}  // namespace hark

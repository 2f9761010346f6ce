#pragma once

// One ephemeral key agreement: our public value, and the shared secret with the peer's. X25519
// (RFC 8731), NIST curves (RFC 5656 §4) and finite-field groups (RFC 4253 §8, RFC 8268), behind one
// interface because their messages differ only in what the bytes of the two strings mean.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hark::ssh {

class Agreement {
 public:
  virtual ~Agreement() = default;
  // As it goes into the message and the exchange hash, without the length: a point, or the bytes
  // of an mpint.
  virtual const std::string& our_value() const = 0;
  // The secret as an unsigned big-endian magnitude; nullopt if the peer's value is not acceptable
  // (off the curve, of small order, outside the group).
  virtual std::optional<std::string> Derive(std::string_view peer_value) = 0;
};

std::unique_ptr<Agreement> NewX25519();
// nid: NID_X9_62_prime256v1, NID_secp384r1 or NID_secp521r1.
std::unique_ptr<Agreement> NewEcdh(int nid);
// A group of RFC 3526 or RFC 2409: 1, 14, 16 or 18.
std::unique_ptr<Agreement> NewNamedGroup(int number);
// A group the server chose; magnitudes. nullptr if it is none: too small or large, even, or the
// generator outside 2 … p-2.
std::unique_ptr<Agreement> NewGroup(std::string_view prime, std::string_view generator);

// nullptr from any of them when OpenSSL itself fails.

}  // namespace hark::ssh

#pragma once

// CURVE key pairs in Z85 (ZeroMQ RFC 32), 40 characters a key. A peer's identity is its public key.

#include <string>
#include <string_view>

#include "base/status.h"

namespace hark {

struct KeyPair {
  std::string public_key;
  std::string secret_key;
};

KeyPair GenerateKeyPair();
// Fails when the text is not a Z85 key.
Result<std::string> PublicKeyOf(std::string_view secret_key);
bool IsCurveKey(std::string_view z85);
// 32 raw bytes of a Z85 key; only for keys IsCurveKey accepts.
std::string CurveKeyBytes(std::string_view z85);
// The Z85 of 32 raw bytes.
std::string CurveKeyText(std::string_view raw);

}  // namespace hark

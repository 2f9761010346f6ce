#pragma once

// Kinds of keys in words: "rsa" 2048, "ecdsa" "P-256".

#include <nlohmann/json.hpp>
#include <string_view>

#include "keys/key_kind.h"

namespace hark {

// "rsa", "dsa", "ecdsa", "ed25519", "ed448", "security-key", "other", "unreadable".
std::string_view KeyAlgorithmName(KeyAlgorithm algorithm);
// "P-256", "secp256k1", "brainpool", "other".
std::string_view KeyCurveName(KeyCurve curve);

// Members "algorithm", "bits" (0 = not known) and, of an ECDSA key, "curve".
void AddKeyKind(KeyKind kind, nlohmann::ordered_json& out);

}  // namespace hark

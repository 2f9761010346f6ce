#include "api/key_words.h"

#include <nlohmann/json.hpp>

namespace hark {
namespace {

int BitsOfCurve(KeyCurve curve) {
  switch (curve) {
    case KeyCurve::kP192:
      return 192;
    case KeyCurve::kP224:
      return 224;
    case KeyCurve::kP256:
    case KeyCurve::kSecp256k1:
      return 256;
    case KeyCurve::kP384:
      return 384;
    case KeyCurve::kP521:
      return 521;
    case KeyCurve::kBrainpool:
    case KeyCurve::kOther:
      return 0;
  }
  return 0;
}

int BitsOf(KeyKind kind) {
  switch (kind.algorithm) {
    case KeyAlgorithm::kRsa:
    case KeyAlgorithm::kDsa:
      return kind.size;
    case KeyAlgorithm::kEcdsa:
      return BitsOfCurve(kind.curve());
    case KeyAlgorithm::kEd25519:
      return 256;
    case KeyAlgorithm::kEd448:
      return 456;
    case KeyAlgorithm::kSecurityKey:
    case KeyAlgorithm::kOther:
    case KeyAlgorithm::kUnreadable:
      return 0;
  }
  return 0;
}

}  // namespace

std::string_view KeyAlgorithmName(KeyAlgorithm algorithm) {
  switch (algorithm) {
    case KeyAlgorithm::kRsa:
      return "rsa";
    case KeyAlgorithm::kDsa:
      return "dsa";
    case KeyAlgorithm::kEcdsa:
      return "ecdsa";
    case KeyAlgorithm::kEd25519:
      return "ed25519";
    case KeyAlgorithm::kEd448:
      return "ed448";
    case KeyAlgorithm::kSecurityKey:
      return "security-key";
    case KeyAlgorithm::kOther:
      return "other";
    case KeyAlgorithm::kUnreadable:
      return "unreadable";
  }
  return "unreadable";
}

std::string_view KeyCurveName(KeyCurve curve) {
  switch (curve) {
    case KeyCurve::kP192:
      return "P-192";
    case KeyCurve::kP224:
      return "P-224";
    case KeyCurve::kP256:
      return "P-256";
    case KeyCurve::kP384:
      return "P-384";
    case KeyCurve::kP521:
      return "P-521";
    case KeyCurve::kSecp256k1:
      return "secp256k1";
    case KeyCurve::kBrainpool:
      return "brainpool";
    case KeyCurve::kOther:
      return "other";
  }
  return "other";
}

void AddKeyKind(KeyKind kind, nlohmann::ordered_json& out) {
  out["algorithm"] = KeyAlgorithmName(kind.algorithm);
  out["bits"] = BitsOf(kind);
  if (kind.algorithm == KeyAlgorithm::kEcdsa) out["curve"] = KeyCurveName(kind.curve());
}

}  // namespace hark

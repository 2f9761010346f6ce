#include "keys/key_kind.h"

#include <algorithm>
#include <bit>

#include "base/bytes.h"
#include "keys/der.h"

namespace hark {
namespace {

// Content octets of the OIDs.
struct CurveOid {
  std::string_view oid;
  KeyCurve curve;
};
constexpr std::string_view kBrainpoolArc("\x2b\x24\x03\x03\x02\x08\x01\x01", 8);  // RFC 5639 §4.1
constexpr CurveOid kCurveOids[] = {
    {{"\x2a\x86\x48\xce\x3d\x03\x01\x01", 8}, KeyCurve::kP192},
    {{"\x2b\x81\x04\x00\x21", 5}, KeyCurve::kP224},
    {{"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8}, KeyCurve::kP256},
    {{"\x2b\x81\x04\x00\x22", 5}, KeyCurve::kP384},
    {{"\x2b\x81\x04\x00\x23", 5}, KeyCurve::kP521},
    {{"\x2b\x81\x04\x00\x0a", 5}, KeyCurve::kSecp256k1},
};

struct AlgorithmOid {
  std::string_view oid;
  KeyAlgorithm algorithm;
};
constexpr AlgorithmOid kAlgorithmOids[] = {
    {{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9}, KeyAlgorithm::kRsa},
    // id-RSASSA-PSS: the same kind of key, which promises to sign in one way only.
    {{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", 9}, KeyAlgorithm::kRsa},
    {{"\x2a\x86\x48\xce\x3d\x02\x01", 7}, KeyAlgorithm::kEcdsa},
    {{"\x2b\x65\x70", 3}, KeyAlgorithm::kEd25519},
    {{"\x2b\x65\x71", 3}, KeyAlgorithm::kEd448},
    {{"\x2a\x86\x48\xce\x38\x04\x01", 7}, KeyAlgorithm::kDsa},
};

uint16_t BitsOf(std::string_view magnitude) {
  while (!magnitude.empty() && magnitude.front() == '\0') magnitude.remove_prefix(1);
  if (magnitude.empty()) return 0;
  const size_t bits =
      (magnitude.size() - 1) * 8 + std::bit_width(static_cast<uint8_t>(magnitude.front()));
  return static_cast<uint16_t>(std::min<size_t>(bits, UINT16_MAX));
}

uint16_t BitsOfFirstInteger(std::string_view in) {
  const auto sequence = der::Next(in, der::kSequence);
  in = sequence ? sequence->content : std::string_view();
  const auto number = der::Next(in, der::kInteger);
  return number ? BitsOf(number->content) : 0;
}

KeyCurve CurveOfOid(std::string_view parameters) {
  const auto oid = der::Next(parameters, der::kOid);
  if (!oid) return KeyCurve::kOther;  // explicit parameters
  for (const CurveOid& known : kCurveOids) {
    if (known.oid == oid->content) return known.curve;
  }
  return oid->content.starts_with(kBrainpoolArc) ? KeyCurve::kBrainpool : KeyCurve::kOther;
}

uint16_t SizeOfSpki(KeyAlgorithm algorithm, std::string_view parameters, std::string_view bits) {
  switch (algorithm) {
    case KeyAlgorithm::kRsa:
      bits.remove_prefix(std::min<size_t>(1, bits.size()));  // the count of unused bits
      return BitsOfFirstInteger(bits);
    case KeyAlgorithm::kDsa:
      return BitsOfFirstInteger(parameters);
    case KeyAlgorithm::kEcdsa:
      return static_cast<uint16_t>(CurveOfOid(parameters));
    case KeyAlgorithm::kUnreadable:
    case KeyAlgorithm::kEd25519:
    case KeyAlgorithm::kEd448:
    case KeyAlgorithm::kSecurityKey:
    case KeyAlgorithm::kOther:
      return 0;
  }
  return 0;
}

constexpr size_t kMaxSshField = size_t{64} * 1024;
constexpr std::string_view kCertificate = "-cert-v01@openssh.com";

KeyKind EcdsaOfSsh(std::string_view curve) {
  KeyCurve known = KeyCurve::kOther;
  if (curve == "nistp256") known = KeyCurve::kP256;
  if (curve == "nistp384") known = KeyCurve::kP384;
  if (curve == "nistp521") known = KeyCurve::kP521;
  return {KeyAlgorithm::kEcdsa, static_cast<uint16_t>(known)};
}

}  // namespace

KeyKind KeyKindOfSpki(std::string_view spki) {
  const auto outer = der::Next(spki, der::kSequence);
  std::string_view in = outer ? outer->content : std::string_view();
  const auto algorithm = der::Next(in, der::kSequence);
  const auto bits = der::Next(in, der::kBitString);
  std::string_view parameters = algorithm ? algorithm->content : std::string_view();
  const auto oid = der::Next(parameters, der::kOid);
  if (!oid || !bits) return {};
  for (const AlgorithmOid& known : kAlgorithmOids) {
    if (known.oid == oid->content) {
      return {known.algorithm, SizeOfSpki(known.algorithm, parameters, bits->content)};
    }
  }
  return {KeyAlgorithm::kOther, 0};
}

KeyKind KeyKindOfSshBlob(std::string_view blob) {
  constexpr std::string_view kEcdsa = "ecdsa-sha2-";
  ByteReader reader(blob);
  std::string_view type = reader.String32(kMaxSshField);
  if (!reader.ok() || type.empty()) return {};
  if (type.starts_with("sk-")) return {KeyAlgorithm::kSecurityKey, 0};
  if (type.ends_with(kCertificate)) {
    type.remove_suffix(kCertificate.size());
    reader.String32(kMaxSshField);  // the nonce stands before the key (PROTOCOL.certkeys)
  }
  if (type == "ssh-ed25519") return {KeyAlgorithm::kEd25519, 0};
  if (type == "ssh-ed448") return {KeyAlgorithm::kEd448, 0};
  if (type.starts_with(kEcdsa)) return EcdsaOfSsh(type.substr(kEcdsa.size()));
  if (type != "ssh-rsa" && type != "ssh-dss") return {KeyAlgorithm::kOther, 0};
  if (type == "ssh-rsa") reader.String32(kMaxSshField);  // the exponent
  const uint16_t bits = BitsOf(reader.String32(kMaxSshField));
  if (!reader.ok()) return {};
  return {type == "ssh-rsa" ? KeyAlgorithm::kRsa : KeyAlgorithm::kDsa, bits};
}

}  // namespace hark

#include "bus/curve.h"

#include <zmq.h>

#include <algorithm>

#include "base/log.h"

namespace hark {
namespace {

constexpr size_t kZ85Length = 40;
constexpr size_t kKeyBytes = 32;

}  // namespace

KeyPair GenerateKeyPair() {
  char public_key[kZ85Length + 1];
  char secret_key[kZ85Length + 1];
  HARK_CHECK(zmq_curve_keypair(public_key, secret_key) == 0);
  return {public_key, secret_key};
}

// There and back: libzmq stops at a NUL, and five characters can say more than 32 bits.
bool IsCurveKey(std::string_view z85) {
  const bool printable =
      std::all_of(z85.begin(), z85.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!printable || z85.size() != kZ85Length) return false;
  std::string raw(kKeyBytes, '\0');
  const std::string text(z85);
  return zmq_z85_decode(reinterpret_cast<uint8_t*>(raw.data()), text.c_str()) != nullptr &&
         CurveKeyText(raw) == z85;
}

std::string CurveKeyText(std::string_view raw) {
  HARK_CHECK(raw.size() == kKeyBytes);
  char text[kZ85Length + 1];
  HARK_CHECK(zmq_z85_encode(text, reinterpret_cast<const uint8_t*>(raw.data()), raw.size()) !=
             nullptr);
  return text;
}

std::string CurveKeyBytes(std::string_view z85) {
  std::string raw(kKeyBytes, '\0');
  const std::string text(z85);
  HARK_CHECK(zmq_z85_decode(reinterpret_cast<uint8_t*>(raw.data()), text.c_str()) != nullptr);
  return raw;
}

Result<std::string> PublicKeyOf(std::string_view secret_key) {
  const std::string secret(secret_key);
  char public_key[kZ85Length + 1];
  if (!IsCurveKey(secret) || zmq_curve_public(public_key, secret.c_str()) != 0) {
    return InvalidInput("not a CURVE secret key (40 characters Z85)");
  }
  return std::string(public_key);
}

}  // namespace hark

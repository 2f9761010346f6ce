#include "bus/curve.h"

#include <zmq.h>

#include "base/log.h"

namespace hark {
namespace {

constexpr size_t kZ85Length = 40;

}  // namespace

KeyPair GenerateKeyPair() {
  char public_key[kZ85Length + 1];
  char secret_key[kZ85Length + 1];
  HARK_CHECK(zmq_curve_keypair(public_key, secret_key) == 0);
  return {public_key, secret_key};
}

bool IsCurveKey(std::string_view z85) {
  uint8_t raw[32];
  const std::string text(z85);
  return text.size() == kZ85Length && zmq_z85_decode(raw, text.c_str()) != nullptr;
}

std::string CurveKeyBytes(std::string_view z85) {
  std::string raw(32, '\0');
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

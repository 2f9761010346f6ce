#pragma once

// The one line by which a new worker finds its coordinator and may ask it for admission:
// base64url, without padding, of
//
//   version 1 (1 byte) | coordinator's public key (32) | invite's secret key (32)
//   | endpoint, tcp://HOST:PORT (1..255) | CRC-32C of all before it (4, big-endian)
//
// The checksum is against a line cut by copying, not against anybody: who can alter a token can
// also make one. The secret is worth one Join; docs/formats/fleet.md says what the coordinator
// does with it.

#include <string>
#include <string_view>

#include "base/status.h"

namespace hark {

// Longest line ParseJoinToken looks at: the longest endpoint's.
inline constexpr size_t kMaxJoinToken = 440;

struct JoinToken {
  std::string endpoint;           // tcp://HOST:PORT
  std::string server_public_key;  // Z85
  std::string secret_key;         // of the invite's key pair, Z85
};

// For tokens whose parts are valid.
std::string EncodeJoinToken(const JoinToken& token);
// kInvalidInput says what is wrong and never repeats the text. Accepts exactly what EncodeJoinToken
// makes.
Result<JoinToken> ParseJoinToken(std::string_view text);

// tcp://HOST:PORT, as a worker elsewhere would connect to: no wildcard, port 1 to 65535.
Status CheckJoinEndpoint(std::string_view endpoint);

}  // namespace hark

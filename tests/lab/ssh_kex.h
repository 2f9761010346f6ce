#pragma once

// Server side of one SSH key exchange method: RFC 4253 §8 (group 14), RFC 5656 §4 (ECDH),
// RFC 8731 (Curve25519). All use message 30 from the client, 31 in answer.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hark::lab {

struct KexResult {
  std::string server_public;  // magnitude for group 14, else the octet string
  std::string secret;         // big-endian magnitude of K
};

// Names in order of preference.
const std::vector<std::string>& KexMethods();
// Whether client and server values are mpints (group 14) and not strings.
bool KexUsesMpints(std::string_view method);
// nullopt when the client's value is no point of the group.
std::optional<KexResult> RespondToKex(std::string_view method, std::string_view client_public);
// The method's hash over `bytes`.
std::string KexHash(std::string_view method, std::string_view bytes);

}  // namespace hark::lab

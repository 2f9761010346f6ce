#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hark {

// Base64 of RFC 4648 §4, in one line. The padding may be missing, as in fingerprints of OpenSSH.
// nullopt for any other character, a blank included, and for bits behind the last byte that are not
// zero: no two texts are the same bytes but for their padding.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace hark

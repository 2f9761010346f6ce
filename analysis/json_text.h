#pragma once

// How the JSON of observations shows what is no JSON of itself. Every function gives printable
// ASCII whatever it is given, so a document made of them is valid UTF-8 however hostile its source.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hark {

// For texts of our own making that may quote a peer: as given, bytes outside printable ASCII as
// \xNN. A peer's own bytes take EscapeForDisplay (base/strings.h), which loses nothing.
std::string PrintableText(std::string_view text);

// "a,b" -> {"a", "b"}, escaped; "" -> {}.
std::vector<std::string> NameList(std::string_view comma_separated);

// RFC 4648 §4, with padding.
std::string Base64(std::string_view bytes);

// "2018-04-30T08:00:00Z", years beyond 9999 with all their digits.
std::string UtcText(int64_t unix_seconds);
// "2018-04-30T08:00:00.123Z"
std::string UtcTextMillis(int64_t unix_ms);

}  // namespace hark

#include "analysis/known_keys.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace hark {
namespace {

std::optional<KnownKey::Kind> KindOf(std::string_view word) {
  if (word == "vendor") return KnownKey::Kind::kVendor;
  if (word == "cdn") return KnownKey::Kind::kCdn;
  return std::nullopt;
}

// Up to the next blank; what follows it is left in `line`.
std::string_view TakeWord(std::string_view& line) {
  const size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line = Trim(line.substr(end));
  return word;
}

}  // namespace

Result<KnownKeys> ParseKnownKeys(std::string_view text) {
  KnownKeys out;
  size_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    line = Trim(line);
    if (line.empty() || line[0] == '#') continue;
    const std::optional<std::string> bytes = HexDecode(TakeWord(line));
    const std::optional<KeyId> key = bytes ? KeyId::FromBytes(*bytes) : std::nullopt;
    const std::optional<KnownKey::Kind> kind = KindOf(TakeWord(line));
    if (!key || !kind || line.empty()) {
      return InvalidInput(
          StrCat("line ", number, ": wanted 64 hex digits, 'vendor' or 'cdn', and a name"));
    }
    out[*key] = {*kind, std::string(line)};
  }
  return out;
}

}  // namespace hark

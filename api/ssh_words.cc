#include "api/ssh_words.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kMd5Size = 16;
constexpr size_t kMd5ColonText = 47;
constexpr size_t kSha256Size = 32;
constexpr size_t kSha256Base64 = 43;  // without padding
// A fingerprint has 43 random characters of 64: four pairs of slashes in one are as good as never.
constexpr size_t kMaxLostSlashes = 4;

// 0 to 63 of either alphabet (RFC 4648 §4 and §5), -1: of none.
int Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

// 43 characters as 32 bytes; the two bits over must be zero, or one hash had four spellings.
std::optional<std::string> Sha256OfBase64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const int value = Base64Value(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes += static_cast<char>(bits >> have & 0xff);
  }
  if (bytes.size() != kSha256Size || (bits & ((1U << have) - 1)) != 0) return std::nullopt;
  return bytes;
}

// All texts of the full length that lose their doubled slashes to this one.
void RestoreSlashes(const std::string& text, size_t from, std::vector<std::string>& out) {
  if (text.size() == kSha256Base64) {
    if (auto bytes = Sha256OfBase64(text)) out.push_back(std::move(*bytes));
    return;
  }
  for (size_t at = text.find('/', from); at != std::string::npos; at = text.find('/', at + 1)) {
    std::string longer = text;
    longer.insert(at, 1, '/');
    // Not at + 1: a run of three is made of one by doubling twice. Each place is left for good once
    // passed, so that nothing is made twice.
    RestoreSlashes(longer, at + 1, out);
  }
}

AskedFingerprint AskedSha256Base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  AskedFingerprint asked;
  if (text.size() > kSha256Base64 || text.size() + kMaxLostSlashes < kSha256Base64) return asked;
  RestoreSlashes(std::string(text), 0, asked.bytes);
  if (!asked.bytes.empty()) asked.form = AskedFingerprint::Form::kSha256;
  return asked;
}

std::string WithoutColons(std::string_view text) {
  std::string out(text);
  std::erase(out, ':');
  return out;
}

bool HasColonsBetweenPairs(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] == ':') != (i % 3 == 2)) return false;
  }
  return true;
}

std::optional<std::string> Md5OfText(std::string_view text) {
  if (text.size() == kMd5ColonText && HasColonsBetweenPairs(text)) {
    return HexDecode(WithoutColons(text));
  }
  if (text.size() == 2 * kMd5Size) return HexDecode(text);
  return std::nullopt;
}

}  // namespace

AskedFingerprint ParseAskedFingerprint(std::string_view text) {
  using Form = AskedFingerprint::Form;
  const size_t asked_size = text.size();
  if (StartsWithIgnoreCase(text, "SHA256:")) {
    text.remove_prefix(7);
    if (text.size() != 2 * kSha256Size) return AskedSha256Base64(text);
  } else if (StartsWithIgnoreCase(text, "MD5:")) {
    text.remove_prefix(4);
  }
  if (auto md5 = Md5OfText(text)) return {Form::kMd5, {std::move(*md5)}};
  if (text.size() == 2 * kSha256Size) {
    if (auto sha256 = HexDecode(text)) return {Form::kSha256, {std::move(*sha256)}};
  }
  if (asked_size == kMd5ColonText) return {Form::kNothing, {}};
  return {};
}

std::string ColonHex(std::string_view bytes) {
  const std::string hex = HexEncode(bytes);
  std::string out;
  out.reserve(hex.size() * 3 / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    if (i != 0) out += ':';
    out.append(hex, i, 2);
  }
  return out;
}

std::string DayText(int64_t unix_s) {
  using std::chrono::days;
  using std::chrono::floor;
  using std::chrono::sys_seconds;
  const std::chrono::year_month_day day(floor<days>(sys_seconds(std::chrono::seconds(unix_s))));
  const auto padded = [](unsigned number, size_t width) {
    std::string text = StrCat(number);
    return std::string(width - std::min(width, text.size()), '0') + text;
  };
  return padded(static_cast<unsigned>(static_cast<int>(day.year())), 4) +
         padded(static_cast<unsigned>(day.month()), 2) +
         padded(static_cast<unsigned>(day.day()), 2);
}

}  // namespace hark

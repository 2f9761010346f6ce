#include "exchange/json.h"

#include "base/strings.h"
#include "exchange/base64.h"
#include "exchange/line_source.h"

namespace hark {
namespace {

constexpr size_t kSha256Hex = 64;
static_assert(kRecordPadding >= simdjson::SIMDJSON_PADDING);

std::optional<uint64_t> NumberOfText(std::string_view text) {
  if (!StartsWithIgnoreCase(text, "0x")) return ParseUint(text);
  uint64_t value = 0;
  text.remove_prefix(2);
  if (text.empty() || text.size() > 16) return std::nullopt;
  for (const char c : text) {
    const char low = AsciiLower(c);
    const bool digit = low >= '0' && low <= '9';
    if (!digit && (low < 'a' || low > 'f')) return std::nullopt;
    value = value << 4 | static_cast<uint64_t>(digit ? low - '0' : low - 'a' + 10);
  }
  return value;
}

}  // namespace

std::optional<Json> FindJson(const Json& from, JsonPath path) {
  Json at = from;
  for (const std::string_view name : path) {
    simdjson::dom::object object;
    if (at.get(object) != simdjson::SUCCESS) return std::nullopt;
    if (object.at_key(name).get(at) != simdjson::SUCCESS) return std::nullopt;
  }
  return at;
}

std::string_view JsonText(const Json& from, JsonPath path, size_t most) {
  const std::optional<Json> at = FindJson(from, path);
  std::string_view text;
  if (!at || at->get(text) != simdjson::SUCCESS || text.size() > most) return {};
  return text;
}

std::optional<uint64_t> JsonNumber(const Json& from, JsonPath path) {
  const std::optional<Json> at = FindJson(from, path);
  uint64_t number = 0;
  if (at && at->get(number) == simdjson::SUCCESS) return number;
  std::string_view text;
  if (at && at->get(text) == simdjson::SUCCESS) return NumberOfText(text);
  return std::nullopt;
}

bool JsonTrue(const Json& from, JsonPath path) {
  const std::optional<Json> at = FindJson(from, path);
  bool is = false;
  return at && at->get(is) == simdjson::SUCCESS && is;
}

std::string JsonBytes(const Json& from, JsonPath path, size_t most) {
  const std::string_view text = JsonText(from, path, most / 3 * 4 + 4);
  if (text.empty()) return "";
  std::optional<std::string> bytes = DecodeBase64(text);
  return bytes && bytes->size() <= most ? std::move(*bytes) : std::string();
}

std::string JsonSha256(const Json& from, JsonPath path) {
  const std::string_view text = JsonText(from, path, kSha256Hex);
  if (text.size() != kSha256Hex) return "";
  return HexDecode(text).value_or("");
}

std::optional<Json> JsonRecords::Parse(std::string_view text, std::string* why) {
  Json root;
  const simdjson::error_code error = parser_.parse(text.data(), text.size(), false).get(root);
  if (error != simdjson::SUCCESS) {
    *why = StrCat("no JSON: ", simdjson::error_message(error));
    return std::nullopt;
  }
  if (!root.is_object()) {
    *why = "no JSON object";
    return std::nullopt;
  }
  return root;
}

}  // namespace hark

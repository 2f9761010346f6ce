#include "analysis/json_text.h"

#include <cstdio>
#include <ctime>

#include "base/strings.h"

namespace hark {
namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string DateAndTime(int64_t unix_seconds) {
  const time_t seconds = unix_seconds;
  std::tm utc{};
  if (gmtime_r(&seconds, &utc) == nullptr) return {};  // a year no int can hold
  char text[64];
  std::snprintf(text, sizeof text, "%04lld-%02d-%02dT%02d:%02d:%02d",
                static_cast<long long>(utc.tm_year) + 1900, utc.tm_mon + 1, utc.tm_mday,
                utc.tm_hour, utc.tm_min, utc.tm_sec);
  return text;
}

}  // namespace

std::string PrintableText(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c >= ' ' && c < 0x7f) {
      out += c;
    } else {
      out += "\\x" + HexEncode({&c, 1});
    }
  }
  return out;
}

std::vector<std::string> NameList(std::string_view comma_separated) {
  std::vector<std::string> out;
  if (comma_separated.empty()) return out;
  for (const std::string_view name : Split(comma_separated, ',')) {
    out.push_back(EscapeForDisplay(name));
  }
  return out;
}

std::string Base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += k <= group.size() ? kBase64[bits >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

std::string UtcText(int64_t unix_seconds) {
  const std::string text = DateAndTime(unix_seconds);
  return text.empty() ? text : text + "Z";
}

std::string UtcTextMillis(int64_t unix_ms) {
  const int64_t ms = (unix_ms % 1000 + 1000) % 1000;
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(ms));
  const std::string text = DateAndTime((unix_ms - ms) / 1000);
  return text.empty() ? text : text + fraction;
}

}  // namespace hark

#include "api/http_text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/address.h"
#include "base/strings.h"

namespace hark {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3629 section 4: how long a sequence is by its first byte, and the range of its second.
struct Utf8Lead {
  size_t length = 0;  // 0 = no lead
  unsigned char low = 0x80, high = 0xbf;
};

Utf8Lead LeadOf(unsigned char c) {
  if (c < 0x80) return {1};
  if (c >= 0xc2 && c <= 0xdf) return {2};
  if (c == 0xe0) return {3, 0xa0, 0xbf};
  if (c == 0xed) return {3, 0x80, 0x9f};
  if (c >= 0xe1 && c <= 0xef) return {3};
  if (c == 0xf0) return {4, 0x90, 0xbf};
  if (c >= 0xf1 && c <= 0xf3) return {4};
  if (c == 0xf4) return {4, 0x80, 0x8f};
  return {};
}

Result<std::string> DecodePart(std::string_view text) {
  std::optional<std::string> out = PercentDecode(text);
  if (!out) return InvalidInput("a percent sign without two hex digits in the URL");
  if (!IsUtf8(*out) || out->find('\0') != std::string::npos) {
    return InvalidInput("the URL is not UTF-8 text");
  }
  return *std::move(out);
}

std::string MergeSlashes(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || out.empty() || out.back() != '/') out += c;
  }
  return out;
}

Result<std::map<std::string, std::string>> ParseQuery(std::string_view text) {
  std::map<std::string, std::string> out;
  for (const std::string_view pair : Split(text, '&')) {
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    // A plus stays one: it is part of base64 and of banners, and no form is filled in here.
    HARK_ASSIGN_OR_RETURN(const std::string name, DecodePart(pair.substr(0, equals)));
    HARK_ASSIGN_OR_RETURN(out[name], DecodePart(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return out;
}

// "http://host:80/path" to "/path": RFC 9112 section 3.2.2 wants servers to take it.
std::string_view WithoutOrigin(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!StartsWithIgnoreCase(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    target.remove_prefix(std::min(target.find('/'), target.size()));
    return target.empty() ? "/" : target;
  }
  return target;
}

// A weight of RFC 9110 section 12.4.2 in thousandths; what is none counts as 0, so that a coding
// is not used by mistake.
int WeightOf(std::string_view parameters) {
  for (std::string_view one : Split(parameters, ';')) {
    one = Trim(one);
    if (!StartsWithIgnoreCase(one, "q=")) continue;
    one.remove_prefix(2);
    double value = 0;
    const auto [end, error] =
        std::from_chars(one.data(), one.data() + one.size(), value, std::chars_format::fixed);
    if (error != std::errc() || end != one.data() + one.size()) return 0;
    return value < 0 || value > 1 ? 0 : static_cast<int>(value * 1000);
  }
  return 1000;
}

std::optional<std::string> Base64Decode(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<uint32_t>(value)) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xff);
  }
  return out;
}

std::optional<Credentials> ReadAuthorization(std::string_view value) {
  const size_t blank = std::min(value.find(' '), value.size());
  const std::string_view scheme = value.substr(0, blank);
  const std::string_view rest = Trim(value.substr(blank));
  if (rest.empty()) return std::nullopt;
  if (EqualsIgnoreCase(scheme, "Bearer")) return Credentials{"", std::string(rest)};
  if (!EqualsIgnoreCase(scheme, "Basic")) return std::nullopt;
  const std::optional<std::string> text = Base64Decode(rest);
  if (!text || text->find(':') == std::string::npos) return std::nullopt;
  const size_t colon = text->find(':');
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

}  // namespace

bool IsUtf8(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const Utf8Lead lead = LeadOf(static_cast<unsigned char>(bytes[i]));
    if (lead.length == 0 || i + lead.length > bytes.size()) return false;
    for (size_t k = 1; k < lead.length; ++k) {
      const unsigned char c = static_cast<unsigned char>(bytes[i + k]);
      if (k == 1 ? c < lead.low || c > lead.high : c < 0x80 || c > 0xbf) return false;
    }
    i += lead.length;
  }
  return true;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = HexValue(text[i + 1]), low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

Result<HttpTarget> ParseTarget(std::string_view target) {
  if (!target.starts_with('/')) target = WithoutOrigin(target);
  target = target.substr(0, target.find('#'));  // no client may send one; what is behind is lost
  const size_t mark = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, mark);
  if (!path.starts_with('/')) return InvalidInput("the URL has no path");
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  HttpTarget out;
  // Slashes are merged before escapes are read: "%2F%2F" stays two.
  const std::string merged = MergeSlashes(path);
  HARK_ASSIGN_OR_RETURN(out.path, DecodePart(merged));
  if (merged != path) {
    HARK_ASSIGN_OR_RETURN(out.exact_path, DecodePart(path));
  }
  HARK_ASSIGN_OR_RETURN(out.query, ParseQuery(target.substr(std::min(mark + 1, target.size()))));
  return out;
}

std::string_view ContentCodingName(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kIdentity:
      return "identity";
    case ContentCoding::kGzip:
      return "gzip";
    case ContentCoding::kZstd:
      return "zstd";
  }
  return "identity";
}

ContentCoding ChooseCoding(std::string_view accept) {
  // Weights of zstd, gzip and identity, in order of preference; -1 = not named.
  std::array<int, 3> weights = {-1, -1, -1};
  int others = 0;  // of "*"
  for (const std::string_view one : Split(accept, ',')) {
    const size_t end = std::min(one.find(';'), one.size());
    const std::string name = AsciiLower(Trim(one.substr(0, end)));
    const int weight = WeightOf(one.substr(end));
    if (name == "zstd") weights[0] = weight;
    if (name == "gzip" || name == "x-gzip") weights[1] = weight;
    if (name == "identity") weights[2] = weight;
    if (name == "*") others = weight;
  }
  // Identity is fine unless it is ruled out, and then there is nothing else we could send either.
  const int gzip = weights[1] < 0 ? others : weights[1];
  const int zstd = weights[0] < 0 ? others : weights[0];
  const int identity = std::max(weights[2], 0);
  if (zstd > 0 && zstd >= gzip && zstd >= identity) return ContentCoding::kZstd;
  if (gzip > 0 && gzip >= identity) return ContentCoding::kGzip;
  return ContentCoding::kIdentity;
}

std::optional<Credentials> ReadCredentials(std::string_view authorization,
                                           std::string_view x_api_key) {
  if (!authorization.empty()) return ReadAuthorization(Trim(authorization));
  if (!Trim(x_api_key).empty()) return Credentials{"", std::string(Trim(x_api_key))};
  return std::nullopt;
}

bool NamesTag(std::string_view if_none_match, std::string_view tag) {
  for (std::string_view one : Split(if_none_match, ',')) {
    one = Trim(one);
    if (one == "*") return true;
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag) return true;
  }
  return false;
}

std::string_view LastForwarded(std::string_view forwarded) {
  return Trim(forwarded.substr(forwarded.rfind(',') + 1));
}

bool IsLocalHostField(std::string_view host) {
  if (host.empty()) return true;
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return end != std::string_view::npos && Address::Parse(host.substr(1, end - 1)).has_value();
  }
  host = host.substr(0, host.find(':'));
  return EqualsIgnoreCase(host, "localhost") || Address::Parse(host).has_value();
}

}  // namespace hark

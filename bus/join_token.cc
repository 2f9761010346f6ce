#include "bus/join_token.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/crc32c.h"
#include "base/log.h"
#include "base/strings.h"
#include "bus/curve.h"

namespace hark {
namespace {

constexpr char kVersion = 1;
constexpr size_t kKeyBytes = 32;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kMaxEndpoint = 255;
constexpr std::string_view kScheme = "tcp://";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";  // RFC 4648 §5

std::string Base64Url(std::string_view bytes) {
  std::string out;
  uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<uint8_t>(c);
    for (bits += 8; bits >= 6; bits -= 6) out += kAlphabet[held >> (bits - 6) & 63];
  }
  if (bits > 0) out += kAlphabet[held << (6 - bits) & 63];
  return out;
}

std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string out;
  uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    held = held << 6 | static_cast<uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(held >> bits & 0xff);
  }
  // Left-over bits are padding: a lone character's worth or one that is not zero is a cut line.
  if (bits >= 6 || (held & ((1U << bits) - 1)) != 0) return std::nullopt;
  return out;
}

std::string Checksum(std::string_view bytes) {
  const uint32_t sum = Crc32c(bytes);
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(sum >> shift & 0xff);
  return out;
}

bool IsHost(std::string_view host) {
  const bool v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (v6) host = host.substr(1, host.size() - 2);
  const std::string_view marks = v6 ? ":." : ".-";
  return !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || marks.find(c) != marks.npos;
  });
}

}  // namespace

Status CheckJoinEndpoint(std::string_view endpoint) {
  const Status wrong = InvalidInput("not tcp://HOST:PORT, as the worker reaches the coordinator");
  if (!endpoint.starts_with(kScheme) || endpoint.size() > kMaxEndpoint) return wrong;
  const std::string_view rest = endpoint.substr(kScheme.size());
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || !IsHost(rest.substr(0, colon))) return wrong;
  if (rest.substr(0, colon) == "0.0.0.0" || rest.substr(0, colon) == "[::]") {
    return InvalidInput("0.0.0.0 and [::] are where to listen; give the address to connect to");
  }
  const auto port = ParseUint(rest.substr(colon + 1));
  return port && *port >= 1 && *port <= UINT16_MAX ? Status::Ok() : wrong;
}

std::string EncodeJoinToken(const JoinToken& token) {
  HARK_CHECK(CheckJoinEndpoint(token.endpoint).ok());
  std::string bytes(1, kVersion);
  bytes += CurveKeyBytes(token.server_public_key);
  bytes += CurveKeyBytes(token.secret_key);
  bytes += token.endpoint;
  return Base64Url(bytes + Checksum(bytes));
}

Result<JoinToken> ParseJoinToken(std::string_view text) {
  const Status damaged =
      InvalidInput("not a whole token; copy the line that hark fleet invite printed");
  text = Trim(text);
  if (text.empty() || text.size() > kMaxJoinToken) return damaged;
  const std::optional<std::string> decoded = FromBase64Url(text);
  if (!decoded) return damaged;
  std::string_view bytes = *decoded;
  if (bytes.size() < 1 + 2 * kKeyBytes + kChecksumBytes) return damaged;
  const std::string_view sum = bytes.substr(bytes.size() - kChecksumBytes);
  bytes.remove_suffix(kChecksumBytes);
  if (Checksum(bytes) != sum) return damaged;
  if (bytes[0] != kVersion) {
    return InvalidInput(
        "a token of another version; use the hark-worker of the coordinator's hark");
  }
  JoinToken token;
  token.server_public_key = CurveKeyText(bytes.substr(1, kKeyBytes));
  token.secret_key = CurveKeyText(bytes.substr(1 + kKeyBytes, kKeyBytes));
  token.endpoint = bytes.substr(1 + 2 * kKeyBytes);
  return CheckJoinEndpoint(token.endpoint).ok() ? Result<JoinToken>(std::move(token)) : damaged;
}

}  // namespace hark

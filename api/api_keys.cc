#include "api/api_keys.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/random.h"
#include "base/strings.h"
#include "keys/key_id.h"

namespace hark {
namespace {

constexpr std::string_view kHeadLine = "# hark api keys 1";
constexpr size_t kSecretBytes = 32;
constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;
constexpr size_t kMaxName = 32;
constexpr size_t kMaxFileBytes = kMaxApiKeys * 300;
constexpr int kOwnerOnly = 0600;
constexpr std::array<std::string_view, 3> kRoles = {"reader", "analyst", "admin"};

// RFC 4648 section 5, without padding.
std::string Base64Url(std::string_view bytes) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += kAlphabet[bits >> (held - 6) & 63];
  }
  if (held > 0) out += kAlphabet[bits << (6 - held) & 63];
  return out;
}

std::optional<ApiKey> ParseLine(std::string_view line) {
  const std::vector<std::string_view> fields = Split(line, ' ');
  if (fields.size() != 7 || !IsApiKeyName(fields[0])) return std::nullopt;
  const std::optional<ApiRole> role = ApiRoleNamed(fields[1]);
  const std::optional<uint64_t> rate = ParseUint(fields[2]), burst = ParseUint(fields[3]);
  const std::optional<uint64_t> created = ParseUint(fields[4]);
  const std::optional<std::string> salt = HexDecode(fields[5]), hash = HexDecode(fields[6]);
  if (!role || !created || !salt || !hash) return std::nullopt;
  if (!rate || *rate < 1 || *rate > kMaxApiRate || !burst || *burst < 1 || *burst > kMaxApiRate) {
    return std::nullopt;
  }
  if (salt->size() != kSaltBytes || hash->size() != kHashBytes) return std::nullopt;
  return ApiKey{std::string(fields[0]),
                *role,
                static_cast<uint32_t>(*rate),
                static_cast<uint32_t>(*burst),
                static_cast<int64_t>(*created),
                *salt,
                *hash};
}

}  // namespace

std::string_view ApiRoleName(ApiRole role) {
  return kRoles[static_cast<size_t>(role)];
}

std::optional<ApiRole> ApiRoleNamed(std::string_view name) {
  const auto found = std::find(kRoles.begin(), kRoles.end(), name);
  if (found == kRoles.end()) return std::nullopt;
  return static_cast<ApiRole>(found - kRoles.begin());
}

bool IsApiKeyName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

std::string ApiKeyHash(std::string_view salt, std::string_view text) {
  return Sha256(StrCat(salt, text));
}

NewApiKey MakeApiKey(std::string_view name, ApiRole role, uint32_t per_second, uint32_t burst,
                     int64_t now_unix_s) {
  NewApiKey out;
  out.text = StrCat(name, ".", Base64Url(SecureBytes(kSecretBytes)));
  out.key = {std::string(name), role, per_second, burst, now_unix_s, SecureBytes(kSaltBytes), ""};
  out.key.hash = ApiKeyHash(out.key.salt, out.text);
  return out;
}

Result<std::vector<ApiKey>> ParseApiKeys(std::string_view text) {
  std::vector<ApiKey> out;
  size_t number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    if (number == 1 && line != kHeadLine) {
      return Corruption("line 1: not a file of API keys that this hark knows");
    }
    if (line.empty() || line.starts_with('#')) continue;
    std::optional<ApiKey> key = ParseLine(line);
    if (!key) return Corruption(StrCat("line ", number, ": not a key"));
    const bool twice = std::any_of(out.begin(), out.end(),
                                   [&](const ApiKey& other) { return other.name == key->name; });
    if (twice) return Corruption(StrCat("line ", number, ": ", key->name, " is there twice"));
    if (out.size() >= kMaxApiKeys) return Corruption("too many keys");
    out.push_back(*std::move(key));
  }
  return out;
}

std::string FormatApiKeys(const std::vector<ApiKey>& keys) {
  std::string out = StrCat(kHeadLine, "\n# name role per_second burst created salt hash\n");
  for (const ApiKey& key : keys) {
    out += StrCat(key.name, " ", ApiRoleName(key.role), " ", key.per_second, " ", key.burst, " ",
                  key.created_unix_s, " ", HexEncode(key.salt), " ", HexEncode(key.hash), "\n");
  }
  return out;
}

std::string ApiKeysFile(const std::string& db) {
  return db + "/api_keys";
}

Result<std::vector<ApiKey>> ReadApiKeys(const std::string& file) {
  if (access(file.c_str(), F_OK) != 0 && errno == ENOENT) return std::vector<ApiKey>();
  HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMaxFileBytes));
  Result<std::vector<ApiKey>> keys = ParseApiKeys(text);
  if (!keys.ok()) return keys.status().Prepend(file);
  return keys;
}

Status WriteApiKeys(const std::string& file, const std::vector<ApiKey>& keys) {
  return WriteFileAtomically(file, FormatApiKeys(keys), kOwnerOnly);
}

}  // namespace hark

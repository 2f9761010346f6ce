#pragma once

// The API keys of a store: DB/api_keys. A key is 256 random bits, so a fast hash of it with a salt
// is as good as a slow one: nobody can try that many (docs/api-server.md).
//
//   # hark api keys 1
//   NAME ROLE PER_SECOND BURST CREATED SALT HASH
//
// One line a key, fields with one blank between: ROLE reader, analyst or admin; CREATED Unix time;
// SALT 16 and HASH 32 bytes in hex, HASH = SHA-256(SALT, text of the key). Lines that begin with
// '#' are notes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "base/status.h"

namespace hark {

inline constexpr size_t kMaxApiKeys = 1000;
inline constexpr uint32_t kMaxApiRate = 1'000'000;

struct ApiKey {
  std::string name;  // 1 to 32 of a-z, 0-9, '-' and '_'
  ApiRole role = ApiRole::kReader;
  uint32_t per_second = 100;
  uint32_t burst = 200;
  int64_t created_unix_s = 0;
  std::string salt;  // 16 bytes
  std::string hash;  // 32 bytes
};

std::string_view ApiRoleName(ApiRole role);
std::optional<ApiRole> ApiRoleNamed(std::string_view name);
bool IsApiKeyName(std::string_view name);

struct NewApiKey {
  ApiKey key;
  // "NAME.SECRET", SECRET 43 characters of base64url. Kept nowhere.
  std::string text;
};
NewApiKey MakeApiKey(std::string_view name, ApiRole role, uint32_t per_second, uint32_t burst,
                     int64_t now_unix_s);
std::string ApiKeyHash(std::string_view salt, std::string_view text);

// kCorruption names the line.
Result<std::vector<ApiKey>> ParseApiKeys(std::string_view text);
std::string FormatApiKeys(const std::vector<ApiKey>& keys);

std::string ApiKeysFile(const std::string& db);
// Without the file there are none.
Result<std::vector<ApiKey>> ReadApiKeys(const std::string& file);
// Whole or not at all, for the owner's eyes only.
Status WriteApiKeys(const std::string& file, const std::vector<ApiKey>& keys);

}  // namespace hark

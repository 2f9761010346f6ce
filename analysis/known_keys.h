#pragma once

// Keys that are known for what they are: a device vendor's default key, a CDN's. A file the
// operator keeps, one key a line:
//
//   # comment
//   <64 hex digits: the key id> vendor|cdn <name, for people>

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/status.h"
#include "keys/key_id.h"

namespace hark {

struct KnownKey {
  enum class Kind { kVendor, kCdn };
  Kind kind = Kind::kVendor;
  std::string name;
};

using KnownKeys = std::unordered_map<KeyId, KnownKey>;

// kInvalidInput names the line. The same key twice: the last one counts.
Result<KnownKeys> ParseKnownKeys(std::string_view text);

}  // namespace hark

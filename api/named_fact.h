#pragma once

// What a text of hex digits, colons or base64 may name: a key, a certificate or algorithm lists.
// Nobody who asks has to know which hash of what they hold.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/memory_view.h"
#include "base/status.h"

namespace hark {

struct HashText {
  enum class Form {
    kMd5,     // sixteen pairs with colons, or "MD5:": of an SSH blob
    kHex16,   // 32 hex digits: such an MD5, either HASSH, or a reference of ours
    kBase64,  // "SHA256:" and 43 characters: of an SSH blob; also a pin of an SPKI
    kHex32,   // 64 hex digits: a key id, SHA-256 of an SPKI, an SSH blob or a certificate
  };
  Form form = Form::kHex16;
  std::string bytes;  // 16 or 32
};

// nullopt: none of these. Either case, and pairs of 64 hex digits may have colons, too.
std::optional<HashText> ReadHashText(std::string_view text);

// The keys it can name, sorted; empty if none is known. Of kHex16 a reference counts only if no
// fingerprint is meant.
Result<std::vector<Fact>> KeysNamed(const MemoryView& memory, const HashText& hash);
// The certificate with this SHA-256, or whose reference it is.
Result<std::vector<Fact>> CertificatesNamed(const MemoryView& memory, const HashText& hash);

// 32 hex digits of the reference of a fact that has one.
std::string FactRef(const Fact& fact);
// The fact whose reference these 32 hex digits are.
std::optional<Fact> FactOfRef(FactKind kind, std::string_view hex);

}  // namespace hark

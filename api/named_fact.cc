#include "api/named_fact.h"

#include <algorithm>

#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kMd5Size = 16;
constexpr size_t kSha256Size = 32;
constexpr size_t kBase64Digits = 43;  // of 32 bytes, without padding

// The number a base64 digit stands for, of either alphabet (RFC 4648 §4 and §5); -1 if it is none.
int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

// 32 bytes, or nothing.
std::optional<std::string> Base64Hash(std::string_view text) {
  if (text.size() == kBase64Digits + 1 && text.back() == '=') text.remove_suffix(1);
  if (text.size() != kBase64Digits) return std::nullopt;
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int digit = Base64Digit(c);
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held);
    bits &= (1U << held) - 1;
  }
  return bits == 0 ? std::optional<std::string>(out) : std::nullopt;
}

// "aa:bb" -> "aabb", where every pair but the last has its colon; "" otherwise.
std::string WithoutColons(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((i % 3 == 2) != (text[i] == ':')) return "";
    if (i % 3 != 2) out += text[i];
  }
  return out;
}

std::optional<HashText> HexForm(std::string_view hex, bool surely_md5) {
  const std::optional<std::string> bytes = HexDecode(hex);
  if (!bytes) return std::nullopt;
  if (bytes->size() == kSha256Size && !surely_md5) {
    return HashText{HashText::Form::kHex32, *bytes};
  }
  if (bytes->size() != kMd5Size) return std::nullopt;
  return HashText{surely_md5 ? HashText::Form::kMd5 : HashText::Form::kHex16, *bytes};
}

// Whether anything was ever seen of a fact.
Result<bool> IsKnown(const MemoryView& memory, const Fact& fact) {
  Effort effort = Effort::Patient();
  HARK_ASSIGN_OR_RETURN(const std::vector<FactUse> uses, memory.Uses(fact, {}, 1, effort));
  return !uses.empty();
}

void Append(std::vector<Fact> more, std::vector<Fact>& facts) {
  facts.insert(facts.end(), more.begin(), more.end());
}

}  // namespace

std::optional<HashText> ReadHashText(std::string_view text) {
  for (const std::string_view prefix : {"SHA256:", "sha256//", "SHA256/"}) {
    if (!StartsWithIgnoreCase(text, prefix)) continue;
    const std::string_view rest = text.substr(prefix.size());
    if (const auto bytes = Base64Hash(rest)) return HashText{HashText::Form::kBase64, *bytes};
    return rest.size() == 2 * kSha256Size ? HexForm(rest, false) : std::nullopt;
  }
  if (StartsWithIgnoreCase(text, "MD5:")) {
    const std::string_view rest = text.substr(4);
    return HexForm(rest.size() == 2 * kMd5Size ? std::string(rest) : WithoutColons(rest), true);
  }
  if (text.find(':') != text.npos) {
    const std::string hex = WithoutColons(text);
    return HexForm(hex, hex.size() == 2 * kMd5Size);
  }
  if (const auto hash = HexForm(text, false)) return hash;
  if (const auto bytes = Base64Hash(text)) return HashText{HashText::Form::kBase64, *bytes};
  return std::nullopt;
}

Result<std::vector<Fact>> KeysNamed(const MemoryView& memory, const HashText& hash) {
  std::vector<Fact> facts;
  if (hash.bytes.size() == kMd5Size) {
    HARK_ASSIGN_OR_RETURN(facts, memory.history().KeysByMd5(hash.bytes));
    if (facts.empty() && hash.form == HashText::Form::kHex16) {
      const Fact fact{FactKind::kKey, hash.bytes};
      HARK_ASSIGN_OR_RETURN(const bool known, IsKnown(memory, fact));
      if (known) facts.push_back(fact);
    }
  } else {
    HARK_ASSIGN_OR_RETURN(facts, memory.history().KeysBySshSha256(hash.bytes));
    HARK_ASSIGN_OR_RETURN(std::vector<Fact> by_id, memory.KeysById(hash.bytes));
    Append(std::move(by_id), facts);
  }
  std::sort(facts.begin(), facts.end());
  facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
  return facts;
}

Result<std::vector<Fact>> CertificatesNamed(const MemoryView& memory, const HashText& hash) {
  if (hash.bytes.size() == kSha256Size) return memory.history().CertificatesBySha256(hash.bytes);
  std::vector<Fact> facts;
  if (hash.form != HashText::Form::kHex16) return facts;
  const Fact fact{FactKind::kCertificate, hash.bytes};
  HARK_ASSIGN_OR_RETURN(const bool known, IsKnown(memory, fact));
  if (known) facts.push_back(fact);
  return facts;
}

std::string FactRef(const Fact& fact) {
  return HexEncode(fact.value);
}

std::optional<Fact> FactOfRef(FactKind kind, std::string_view hex) {
  const std::optional<std::string> bytes = HexDecode(hex);
  if (!bytes || bytes->size() != kFactRefSize) return std::nullopt;
  return Fact{kind, *bytes};
}

}  // namespace hark

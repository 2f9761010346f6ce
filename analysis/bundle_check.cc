#include "analysis/bundle_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/strings.h"

namespace hark {
namespace {

// UTF-8 (RFC 3629) of what an escape names. A NUL or line break would move what follows.
void AppendCodePoint(std::string& out, uint32_t code) {
  if (code == 0 || code == '\n' || code > 0x10ffff) {
    out += ' ';
  } else if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

std::optional<uint32_t> Number(std::string_view digits, int base) {
  uint32_t out = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

// How many bytes of `rest` are an escape; what it stands for is appended. 0 = it is none.
size_t TakeBackslash(std::string_view rest, std::string& out) {
  if (rest.size() < 2) return 0;
  const char kind = rest[1];
  const size_t digits = kind == 'u' ? 4 : kind == 'x' ? 2 : 0;
  if (digits > 0 && rest.size() >= 2 + digits) {
    const std::optional<uint32_t> code = Number(rest.substr(2, digits), 16);
    if (!code) return 0;
    // \xNN is a byte as it was, part of whatever encoding there was.
    if (kind == 'x' && *code != '\n') {
      out += static_cast<char>(*code);
    } else {
      AppendCodePoint(out, *code);
    }
    return 2 + digits;
  }
  if (kind == '\\' || kind == '/' || kind == '"') {
    out += kind;
    return 2;
  }
  return 0;
}

size_t TakeEntity(std::string_view rest, std::string& out) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> kNamed = {
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  for (const auto& [entity, character] : kNamed) {
    if (rest.substr(0, entity.size()) != entity) continue;
    out += character;
    return entity.size();
  }
  const size_t end = rest.substr(0, 12).find(';');
  if (rest.substr(0, 2) != "&#" || end == rest.npos || end < 3) return 0;
  const bool hex = rest[2] == 'x' || rest[2] == 'X';
  const size_t begin = hex ? 3 : 2;
  const std::optional<uint32_t> code = Number(rest.substr(begin, end - begin), hex ? 16 : 10);
  if (!code) return 0;
  AppendCodePoint(out, *code);
  return end + 1;
}

size_t LineOf(std::string_view text, size_t at) {
  return 1 + static_cast<size_t>(
                 std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(at), '\n'));
}

std::optional<BundleOffence> LookOnce(const BundleCheck& check, std::string_view text) {
  if (const auto found = check.addresses.Find(text)) {
    return BundleOffence{LineOf(text, found->at),
                         StrCat("an address of others (", found->form, ")")};
  }
  if (const size_t at = check.names.Find(text); at != text.npos) {
    return BundleOffence{LineOf(text, at), "a name of others"};
  }
  if (const size_t at = check.fingerprints.Find(text); at != text.npos) {
    return BundleOffence{LineOf(text, at), "a fingerprint of a key or certificate"};
  }
  return std::nullopt;
}

}  // namespace

std::string BundleTextUnescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    size_t taken = 0;
    if (text[at] == '\\') taken = TakeBackslash(text.substr(at), out);
    if (text[at] == '&') taken = TakeEntity(text.substr(at), out);
    if (text.substr(at, 2) == "\"\"") {
      out += '"';
      taken = 2;
    }
    if (taken == 0) out += text[at];
    at += std::max<size_t>(taken, 1);
  }
  return out;
}

std::optional<BundleOffence> BundleCheck::Look(std::string_view text) const {
  if (auto found = LookOnce(*this, text)) return found;
  const std::string unescaped = BundleTextUnescaped(text);
  return unescaped == text ? std::nullopt : LookOnce(*this, unescaped);
}

}  // namespace hark

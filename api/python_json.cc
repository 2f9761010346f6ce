#include "api/python_json.h"

#include <algorithm>

#include "api/http_text.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr char32_t kBad = 0xffffffff;

bool IsContinuation(char c) {
  return (static_cast<uint8_t>(c) & 0xc0) == 0x80;
}

// Length of the sequence a lead byte announces; 0: none can begin so.
size_t SequenceLength(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

// Takes one character off the front; kBad and nothing taken if it is not UTF-8.
char32_t NextCharacter(std::string_view& rest) {
  const auto lead = static_cast<uint8_t>(rest.front());
  const size_t length = SequenceLength(lead);
  if (length == 0 || length > rest.size()) return kBad;
  char32_t code = length == 1 ? lead : lead & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(rest[i])) return kBad;
    code = code << 6 | (static_cast<uint8_t>(rest[i]) & 0x3f);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (overlong || surrogate || code > 0x10ffff) return kBad;
  rest.remove_prefix(length);
  return code;
}

void AppendUnit(std::string& out, uint32_t unit) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[unit >> shift & 0xf];
}

void AppendCharacter(std::string& out, char32_t code) {
  switch (code) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\b':
      out += "\\b";
      return;
    default:
      break;
  }
  const bool markup = code == '<' || code == '>' || code == '&';
  if (code >= ' ' && code <= '~' && !markup) {
    out += static_cast<char>(code);
  } else if (code < 0x10000) {
    AppendUnit(out, code);
  } else {
    AppendUnit(out, 0xd800 + ((code - 0x10000) >> 10));
    AppendUnit(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
  }
}

bool IsPlain(char c) {
  return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

}  // namespace

std::optional<std::string> BytesOfText(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const char32_t code = NextCharacter(text);
    if (code > 0xff) return std::nullopt;  // kBad, too
    bytes += static_cast<char>(code);
  }
  if (IsUtf8(bytes)) return std::nullopt;  // is shown as itself
  return bytes;
}

void AppendPythonString(std::string& out, std::string_view bytes) {
  out += '"';
  if (std::all_of(bytes.begin(), bytes.end(), IsPlain)) {  // nearly everything there is
    out += bytes;
  } else if (IsUtf8(bytes)) {
    while (!bytes.empty()) AppendCharacter(out, NextCharacter(bytes));
  } else {
    for (const char byte : bytes) AppendCharacter(out, static_cast<uint8_t>(byte));
  }
  out += '"';
}

void PythonJson::Separate() {
  if (!first_ && !named_) text_ += ", ";
  first_ = named_ = false;
}

PythonJson& PythonJson::Open(char bracket) {
  Separate();
  text_ += bracket;
  first_ = true;
  return *this;
}

PythonJson& PythonJson::Close(char bracket) {
  text_ += bracket;
  first_ = false;
  return *this;
}

PythonJson& PythonJson::Name(std::string_view name) {
  String(name);
  text_ += ": ";
  named_ = true;
  return *this;
}

PythonJson& PythonJson::String(std::string_view bytes) {
  Separate();
  AppendPythonString(text_, bytes);
  return *this;
}

PythonJson& PythonJson::Uint(uint64_t number) {
  return Raw(StrCat(number));
}

PythonJson& PythonJson::Int(int64_t number) {
  return Raw(StrCat(number));
}

PythonJson& PythonJson::Null() {
  return Raw("null");
}

PythonJson& PythonJson::Raw(std::string_view json) {
  Separate();
  text_ += json;
  return *this;
}

std::string PythonJson::Take() {
  std::string out;
  out.swap(text_);
  return out;
}

}  // namespace hark

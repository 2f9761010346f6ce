#pragma once

// JSON as Python's json.dumps writes it by default: ", " and ": " between things, everything beyond
// printable ASCII as \uXXXX. Clients of Passive SSH compare and cache such texts.
//
// Texts of strangers go in as the bytes they sent. Valid UTF-8 is taken as such; of anything else
// every byte stands for the character of its number (ISO 8859-1), so that nothing is lost and the
// text can be asked for again (BytesOfText). '<', '>' and '&' are written as \u003c, \u003e and
// \u0026, which is the same text to a parser and nothing to a browser.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hark {

class PythonJson {
 public:
  PythonJson& BeginObject() { return Open('{'); }
  PythonJson& EndObject() { return Close('}'); }
  PythonJson& BeginList() { return Open('['); }
  PythonJson& EndList() { return Close(']'); }
  PythonJson& Name(std::string_view name);  // of the value that comes next
  PythonJson& String(std::string_view bytes);
  PythonJson& Uint(uint64_t number);
  PythonJson& Int(int64_t number);
  PythonJson& Null();
  // A value that is JSON already.
  PythonJson& Raw(std::string_view json);

  size_t size() const { return text_.size(); }
  // What was written since the last Take. A document may be taken in pieces.
  std::string Take();

 private:
  PythonJson& Open(char bracket);
  PythonJson& Close(char bracket);
  void Separate();

  std::string text_;
  bool first_ = true;   // nothing in this object or list so far
  bool named_ = false;  // a name was written and waits for its value
};

void AppendPythonString(std::string& out, std::string_view bytes);

// The bytes that are shown as this UTF-8 text though they are not UTF-8 themselves; nullopt if
// there are none.
std::optional<std::string> BytesOfText(std::string_view text);

}  // namespace hark

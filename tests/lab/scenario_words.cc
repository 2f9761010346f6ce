#include "tests/lab/scenario_words.h"

#include <algorithm>

#include "base/strings.h"

namespace hark::lab {
namespace {

Result<char> Unescape(std::string_view text, size_t* i) {
  if (*i >= text.size()) return InvalidInput("a backslash ends the line");
  const char c = text[(*i)++];
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'x': {
      const auto byte = HexDecode(text.substr(*i, 2));
      if (!byte.has_value() || byte->size() != 1) return InvalidInput("\\x wants two hex digits");
      *i += 2;
      return byte->front();
    }
    case '"':
    case '\\':
      return c;
  }
  return InvalidInput(StrCat("unknown escape \\", c));
}

}  // namespace

Result<Words> SplitWords(std::string_view line) {
  Words words;
  size_t i = 0;
  while (true) {
    while (i < line.size() && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r')) ++i;
    if (i == line.size() || line[i] == '#') return words;
    std::string word;
    bool quoted = false;
    while (i < line.size() && (quoted || (line[i] != ' ' && line[i] != '\t' && line[i] != '\r'))) {
      const char c = line[i++];
      if (c == '"') {
        quoted = !quoted;
      } else if (quoted && c == '\\') {
        HARK_ASSIGN_OR_RETURN(const char escaped, Unescape(line, &i));
        word += escaped;
      } else {
        word += c;
      }
    }
    if (quoted) return InvalidInput("a quote is not closed");
    words.push_back(std::move(word));
  }
}

std::vector<std::pair<std::string, std::string>> NamedValues(const Words& words, size_t from) {
  std::vector<std::pair<std::string, std::string>> out;
  for (size_t i = from; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    out.emplace_back(words[i].substr(0, equals),
                     equals == std::string::npos ? "" : words[i].substr(equals + 1));
  }
  return out;
}

std::string QuoteWord(std::string_view text) {
  const auto plain = [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  if (!text.empty() && text.front() != '#' && std::all_of(text.begin(), text.end(), plain)) {
    return std::string(text);
  }
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c < 0x20 || c > 0x7e) {
      out += StrCat("\\x", HexEncode(std::string_view(&c, 1)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace hark::lab

#include "base/markup.h"

#include <cstdio>

namespace hark {

std::string FormatTenths(double value) {
  char buffer[350];  // the largest double has 309 digits
  std::snprintf(buffer, sizeof buffer, "%.1f", value);
  return buffer;
}

std::string EscapeMarkup(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:  // a character, not an enum
        out += c;
    }
  }
  return out;
}

std::string QuoteForDot(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace hark

#include "cli/svg_page.h"

#include <cstdio>

#include "base/strings.h"
#include "cli/html.h"

namespace hark {

std::string SvgPage(double width, double height, std::string_view title, std::string_view style,
                    std::string_view body) {
  return StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", SvgNumber(width),
                "\" height=\"", SvgNumber(height), "\" viewBox=\"0 0 ", SvgNumber(width), " ",
                SvgNumber(height), "\" role=\"img\" aria-label=\"", Html(title), "\">\n<style>",
                "text { font: 12px system-ui, sans-serif; fill: #1c2733; }", style,
                "</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n", body,
                "</svg>\n");
}

std::string SvgNumber(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", value);
  return buffer;
}

std::string DotString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace hark

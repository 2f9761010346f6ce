#include "cli/svg_page.h"

#include "base/markup.h"
#include "base/strings.h"

namespace hark {

std::string SvgPage(double width, double height, std::string_view title, std::string_view style,
                    std::string_view body) {
  return StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", FormatTenths(width),
                "\" height=\"", FormatTenths(height), "\" viewBox=\"0 0 ", FormatTenths(width), " ",
                FormatTenths(height), "\" role=\"img\" aria-label=\"", EscapeMarkup(title),
                "\">\n<style>", "text { font: 12px system-ui, sans-serif; fill: #1c2733; }", style,
                "</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n", body,
                "</svg>\n");
}

}  // namespace hark

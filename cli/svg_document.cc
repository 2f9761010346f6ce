#include "cli/svg_document.h"

#include "base/strings.h"

namespace hark {
namespace {

// The classes html.h names, in the light colours of cli/report_html.cc.
constexpr char kStyle[] = R"css(<style>
text { font-family: "DejaVu Sans", Verdana, sans-serif; }
text.label { font-size: 12px; fill: #1c2733; } text.faint { fill: #61707f; }
.axis { stroke: #61707f; } line.grid { stroke: #dde3e9; }
.c0 { fill: #0072b2; } .c1 { fill: #009e73; } .c2 { fill: #e69f00; } .c3 { fill: #d55e00; }
.c4 { fill: #a3195b; } .c5 { fill: #8a94a0; } .rest { fill: #dfe4e9; }
.c3.open { fill: none; stroke: #d55e00; stroke-width: 2; }
</style>
<rect width="100%" height="100%" fill="#fff"/>
)css";

}  // namespace

std::string SvgDocument(std::string_view svg) {
  constexpr std::string_view kOpening = "<svg ";
  const size_t content = svg.find('>') + 1;
  return StrCat(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "
      "xmlns=\"http://www.w3.org/2000/svg\" ",
      svg.substr(kOpening.size(), content - kOpening.size()), "\n", kStyle,
      svg.substr(content + (svg.substr(content, 1) == "\n" ? 1 : 0)));
}

}  // namespace hark

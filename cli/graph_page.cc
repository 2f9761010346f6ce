#include "cli/graph_page.h"

#include "analysis/graph_json.h"
#include "analysis/graph_picture.h"
#include "analysis/json_text.h"
#include "base/markup.h"
#include "base/strings.h"
#include "cli/html.h"
#include "cli/page_parts.h"
#include "keys/key_id.h"

namespace hark {
namespace {

// How a content security policy names the one script that may run (CSP Level 3, 2.3.1).
std::string HashSource(std::string_view script) {
  return StrCat("'sha256-", Base64(Sha256(script)), "'");
}

std::string D3() {
  return StrCat("/*\n", EmbeddedD3Licence(), "*/\n", EmbeddedD3());
}

std::string Head(const ClusterGraph& graph, const std::string& d3) {
  return StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; script-src ",
      HashSource(d3), " ", HashSource(EmbeddedGraphScript()),
      "\">\n<title>hark: ", EscapeMarkup(GraphTitle(graph)), "</title>\n<style>\n",
      EmbeddedGraphStyle(), "</style>\n</head>\n");
}

std::string Body(const ClusterGraph& graph) {
  return StrCat(
      "<body>\n<header><h1>", EscapeMarkup(GraphTitle(graph)),
      "</h1><input id=\"search\" type=\"search\" placeholder=\"address, AS, key, banner\" "
      "aria-label=\"search\"><span id=\"found\"></span><button id=\"fit\">whole</button>"
      "<button id=\"forces\" aria-pressed=\"false\">forces</button></header>\n"
      "<svg id=\"picture\" role=\"img\" aria-label=\"",
      EscapeMarkup(GraphTitle(graph)), "\"></svg>\n<aside><div id=\"details\"></div><h2>lines: ",
      graph.form == GraphForm::kHubs ? "a host shows a key (squares)" : "two hosts share a key",
      "</h2><ul id=\"kinds\"></ul><h2>dots: hosts by AS</h2><ul id=\"ases\"></ul>"
      "</aside>\n<div id=\"tip\"></div>\n");
}

}  // namespace

std::string JsonForPage(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

std::string GraphAsPage(const ClusterGraph& graph, const GraphLayout& layout) {
  const std::string d3 = D3();
  return StrCat(Head(graph, d3), Body(graph), "<script type=\"application/json\" id=\"graph\">",
                JsonForPage(GraphAsJson(graph, layout, -1)), "</script>\n<script>", d3,
                "</script>\n<script>", EmbeddedGraphScript(), "</script>\n</body>\n</html>\n");
}

}  // namespace hark

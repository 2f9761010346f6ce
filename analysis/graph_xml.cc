#include "analysis/graph_xml.h"

#include <algorithm>
#include <cmath>

#include "analysis/graph_picture.h"
#include "base/markup.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr char kDeclaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

std::string NodeName(const ClusterGraph& graph, uint32_t node) {
  return graph.is_key(node) ? graph.keys[node - graph.hosts.size()].name : graph.hosts[node].name;
}

std::string NodeFactText(const ClusterGraph& graph, uint32_t node) {
  return XmlText(Join(NodeFacts(graph, node), "; "));
}

std::string NodeColour(const ClusterGraph& graph, uint32_t node) {
  return graph.is_key(node) ? "#222222" : graph.hosts[node].colour;
}

std::string GexfColour(std::string_view colour) {
  const Rgb rgb = RgbOf(colour);
  return StrCat("<viz:color r=\"", rgb.red, "\" g=\"", rgb.green, "\" b=\"", rgb.blue, "\"/>");
}

std::string GexfNode(const ClusterGraph& graph, const GraphLayout& layout, uint32_t node) {
  const bool key = graph.is_key(node);
  std::string out =
      StrCat("<node id=\"", node, "\" label=\"", XmlText(NodeName(graph, node)),
             "\"><attvalues><attvalue for=\"0\" value=\"", key ? "key" : "host", "\"/>");
  if (!key) out += StrCat("<attvalue for=\"1\" value=\"", graph.hosts[node].asn, "\"/>");
  out += StrCat("<attvalue for=\"2\" value=\"", NodeFactText(graph, node), "\"/></attvalues>",
                GexfColour(NodeColour(graph, node)), "<viz:position x=\"",
                PixelText(layout.at[node].x),
                // Gephi's vertical axis points up.
                "\" y=\"", PixelText(-layout.at[node].y), "\" z=\"0\"/><viz:size value=\"",
                key ? 8 : 5, "\"/>");
  if (key) out += "<viz:shape value=\"square\"/>";
  return out + "</node>\n";
}

std::string GraphMlNode(const ClusterGraph& graph, const GraphLayout& layout, uint32_t node) {
  const bool key = graph.is_key(node);
  std::string out = StrCat("<node id=\"n", node, "\"><data key=\"kind\">", key ? "key" : "host",
                           "</data><data key=\"name\">", XmlText(NodeName(graph, node)), "</data>");
  if (!key) out += StrCat("<data key=\"asn\">", graph.hosts[node].asn, "</data>");
  return out + StrCat("<data key=\"facts\">", NodeFactText(graph, node),
                      "</data><data key=\"colour\">", XmlText(NodeColour(graph, node)),
                      "</data><data key=\"x\">", PixelText(layout.at[node].x),
                      "</data><data key=\"y\">", PixelText(layout.at[node].y), "</data></node>\n");
}

struct GraphMlKey {
  std::string_view id, of, type;
};

constexpr GraphMlKey kGraphMlKeys[] = {
    {"kind", "node", "string"},  {"name", "node", "string"},   {"asn", "node", "long"},
    {"facts", "node", "string"}, {"colour", "node", "string"}, {"x", "node", "double"},
    {"y", "node", "double"},     {"ports", "edge", "string"},  {"legend", "edge", "string"},
    {"line", "edge", "string"},
};

}  // namespace

std::string XmlText(std::string_view text) {
  std::string out = EscapeMarkup(text);
  for (char& c : out) {
    if ((c < ' ' || c >= 0x7f) && c != '\n') c = '?';
  }
  return out;
}

std::string PixelText(double value) {
  if (!std::isfinite(value)) return "0.0";
  const std::string out = FormatTenths(std::clamp(value, -1e12, 1e12));
  return out == "-0.0" ? "0.0" : out;
}

std::string GraphAsGexf(const ClusterGraph& graph, const GraphLayout& layout) {
  std::string out = StrCat(
      kDeclaration,
      "<gexf xmlns=\"http://gexf.net/1.3\" xmlns:viz=\"http://gexf.net/1.3/viz\" version=\"1.3\">\n"
      "<meta><creator>hark ",
      HARK_VERSION, "</creator><description>", XmlText(GraphTitle(graph)),
      "</description></meta>\n<graph defaultedgetype=\"undirected\">\n<attributes class=\"node\">"
      "<attribute id=\"0\" title=\"kind\" type=\"string\"/><attribute id=\"1\" title=\"asn\" "
      "type=\"long\"/><attribute id=\"2\" title=\"facts\" type=\"string\"/></attributes>\n"
      "<attributes class=\"edge\"><attribute id=\"0\" title=\"ports\" type=\"string\"/>"
      "</attributes>\n<nodes>\n");
  for (uint32_t node = 0; node < graph.nodes(); ++node) out += GexfNode(graph, layout, node);
  out += "</nodes>\n<edges>\n";
  for (size_t i = 0; i < graph.links.size(); ++i) {
    const GraphLink& link = graph.links[i];
    out += StrCat("<edge id=\"", i, "\" source=\"", link.from, "\" target=\"", link.to,
                  // 1.3 allows parallel edges between two nodes when their kinds differ.
                  "\" kind=\"", XmlText(graph.kinds[link.kind].label), "\" label=\"",
                  XmlText(graph.kinds[link.kind].label),
                  "\"><attvalues><attvalue for=\"0\" value=\"", XmlText(LinkLabel(graph, link)),
                  "\"/></attvalues>", GexfColour(graph.kinds[link.kind].colour), "</edge>\n");
  }
  return out + "</edges>\n</graph>\n</gexf>\n";
}

std::string GraphAsGraphMl(const ClusterGraph& graph, const GraphLayout& layout) {
  std::string out =
      StrCat(kDeclaration, "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n");
  for (const GraphMlKey& key : kGraphMlKeys) {
    out += StrCat("<key id=\"", key.id, "\" for=\"", key.of, "\" attr.name=\"", key.id,
                  "\" attr.type=\"", key.type, "\"/>\n");
  }
  out += StrCat("<graph id=\"", XmlText(graph.id), "\" edgedefault=\"undirected\">\n");
  for (uint32_t node = 0; node < graph.nodes(); ++node) out += GraphMlNode(graph, layout, node);
  for (size_t i = 0; i < graph.links.size(); ++i) {
    const GraphLink& link = graph.links[i];
    const LinkKind& kind = graph.kinds[link.kind];
    out += StrCat("<edge id=\"e", i, "\" source=\"n", link.from, "\" target=\"n", link.to,
                  "\"><data key=\"ports\">", XmlText(LinkLabel(graph, link)),
                  "</data><data key=\"legend\">", XmlText(kind.label), "</data><data key=\"line\">",
                  XmlText(kind.colour), "</data></edge>\n");
  }
  return out + "</graph>\n</graphml>\n";
}

}  // namespace hark

#include "analysis/graph_dot.h"

#include "analysis/graph_picture.h"
#include "base/markup.h"
#include "base/strings.h"

namespace hark {
namespace {

std::string NodeId(const ClusterGraph& graph, uint32_t node) {
  return graph.is_key(node) ? StrCat("k", node - graph.hosts.size()) : StrCat("h", node);
}

std::string HostLine(const ClusterGraph& graph, uint32_t node) {
  const GraphHost& host = graph.hosts[node];
  return StrCat("  ", NodeId(graph, node), " [label=", DotText(host.name),
                host.ring ? ", style=bold, color=" : ", fillcolor=", DotText(host.colour),
                ", tooltip=", DotText(Join(NodeFacts(graph, node), "; ")), "];\n");
}

std::string KeyLine(const ClusterGraph& graph, uint32_t node) {
  const GraphKey& key = graph.keys[node - graph.hosts.size()];
  return StrCat("  ", NodeId(graph, node), " [label=", DotText(key.name.substr(0, 12)),
                ", shape=box, fillcolor=\"#222222\", fontcolor=white, tooltip=",
                DotText(Join(NodeFacts(graph, node), "; ")), "];\n");
}

std::string Legend(const ClusterGraph& graph) {
  std::string out = "  subgraph legend {\n    rank=source;\n    node [shape=box, style=solid];\n";
  out += StrCat("    l0 [label=", DotText("Cluster " + graph.id), "];\n");
  size_t n = 0;
  for (const LinkKind& kind : graph.kinds) {
    out += StrCat("    l", ++n, " [label=", DotText(kind.label), ", color=", DotText(kind.colour),
                  "];\n");
  }
  for (const AsColour& as : graph.ases) {
    out += StrCat("    l", ++n, " [label=", DotText(AsLabel(as.asn)),
                  ", style=filled, fillcolor=", DotText(as.colour), "];\n");
  }
  return out + "  }\n";
}

}  // namespace

std::string DotText(std::string_view text) {
  std::string out = QuoteForDot(text);
  for (char& c : out) {
    if (c < ' ' || c >= 0x7f) c = '?';
  }
  return out;
}

std::string GraphAsDot(const ClusterGraph& graph) {
  std::string out = StrCat("graph ", DotText(graph.id),
                           " {\n  layout=sfdp;\n  splines=true;\n  overlap=false;\n"
                           "  node [style=filled];\n");
  for (uint32_t node = 0; node < graph.nodes(); ++node) {
    out += graph.is_key(node) ? KeyLine(graph, node) : HostLine(graph, node);
  }
  for (const GraphLink& link : graph.links) {
    out += StrCat("  ", NodeId(graph, link.from), " -- ", NodeId(graph, link.to),
                  " [color=", DotText(graph.kinds[link.kind].colour),
                  ", tooltip=", DotText(LinkLabel(graph, link)), "];\n");
  }
  return out + Legend(graph) + "}\n";
}

}  // namespace hark

#include "cli/graph_render.h"

#include "analysis/graph_dot.h"
#include "analysis/graph_json.h"
#include "analysis/graph_layout.h"
#include "analysis/graph_svg.h"
#include "analysis/graph_xml.h"
#include "cli/graph_page.h"
#include "cli/graph_png.h"
#include "cli/graphviz_layout.h"

namespace hark {

const std::vector<std::string>& GraphFormats() {
  static const std::vector<std::string> formats = {"svg",     "png",  "dot", "gexf",
                                                   "graphml", "html", "json"};
  return formats;
}

GraphFormChoice GraphFormNamed(const std::string& name) {
  if (name == "pairs") return GraphFormChoice::kPairs;
  if (name == "hubs") return GraphFormChoice::kHubs;
  return GraphFormChoice::kAuto;
}

GraphLayout LayOutAs(const ClusterGraph& graph, const GraphOptions& options) {
  const auto limit = std::chrono::seconds(options.time_limit_seconds);
  if (options.layout == "own") return LayOut(graph, PlaceWithin(limit));
  GraphvizOptions graphviz;
  graphviz.time_limit = limit;
  graphviz.own_time_limit = limit / 2;
  if (options.layout != "auto") {
    graphviz.program = options.layout;
    graphviz.fewest_bodies = 0;
  }
  return LayOut(graph, PlaceByGraphviz(graphviz));
}

Result<std::string> RenderGraph(const ClusterGraph& graph, const GraphOptions& options) {
  if (options.format == "dot") return GraphAsDot(graph);
  const GraphLayout layout = LayOutAs(graph, options);
  if (options.format == "svg") return GraphAsSvg(graph, layout);
  if (options.format == "png") return GraphAsPng(graph, layout);
  if (options.format == "gexf") return GraphAsGexf(graph, layout);
  if (options.format == "graphml") return GraphAsGraphMl(graph, layout);
  if (options.format == "html") return GraphAsPage(graph, layout);
  if (options.format == "json") return GraphAsJson(graph, layout);
  return InvalidInput("no graph format " + options.format);
}

}  // namespace hark

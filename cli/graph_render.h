#pragma once

// A cluster's graph in the format asked for: lays it out when the format needs places.

#include <string>
#include <vector>

#include "analysis/graph_layout.h"
#include "analysis/graph_model.h"
#include "base/status.h"

namespace hark {

struct GraphOptions {
  std::string format = "svg";   // one of GraphFormats()
  std::string form = "auto";    // auto, pairs, hubs: GraphFormChoice
  std::string layout = "auto";  // auto, sfdp, neato, own
  // For Graphviz, a graph; then our own placer has half as long, and is cut short.
  uint64_t time_limit_seconds = 4;
};

// svg png dot gexf graphml html json; also the ending of the file.
const std::vector<std::string>& GraphFormats();

GraphFormChoice GraphFormNamed(const std::string& name);  // auto for what it does not know
GraphLayout LayOutAs(const ClusterGraph& graph, const GraphOptions& options);
Result<std::string> RenderGraph(const ClusterGraph& graph, const GraphOptions& options);

}  // namespace hark

#pragma once

// Graphviz as a placer, in a process of its own: it has crashed and hung on graphs before, and a
// picture is not worth that. It sees circles and numbers only, never a text of a peer's. Whatever
// goes wrong - no Graphviz, too slow, killed, an answer that makes no sense - our own placer takes
// over.

#include <string>

#include "analysis/graph_layout.h"
#include "base/time.h"

namespace hark {

struct GraphvizOptions {
  std::string program = "sfdp";  // or "neato": a name PATH knows, or a path
  // For one graph, and for our own placer where Graphviz has not done it.
  Duration time_limit = std::chrono::seconds(4);
  Duration own_time_limit = std::chrono::seconds(2);
  // Fewer bodies are placed by us: as well, and without starting a process.
  size_t fewest_bodies = 40;
};

BodyPlacer PlaceByGraphviz(GraphvizOptions options);

// Our own placer, for as long as that on the wall: a machine may be slow, or busy.
BodyPlacer PlaceWithin(Duration time_limit);

// Parts of it, for tests: what Graphviz is asked, and its -Tplain answer as points; kCorruption
// when a body has no place in it or one that is no place.
std::string GraphvizQuestion(const GraphBodies& bodies);
Result<std::vector<GraphPoint>> ReadGraphvizAnswer(const std::string& plain, size_t bodies);

}  // namespace hark

#pragma once

// Where the nodes of a cluster's picture go. A cluster of thousands has few kinds of hosts: most
// show exactly the same shared keys as others. So not hosts are laid out but *bodies*:
//
//   a key with all hosts that show no other shared key: the key in the middle, the hosts around
//   the hosts that show the same two keys or more, as a disc
//   in the pair form, each host by itself
//
// A body is a circle whose area grows with its hosts. A *placer* puts the circles somewhere, held
// together by springs where hosts show keys; inside its circle a body is filled like a sunflower,
// AS by AS. That costs n log n whatever the cluster, and what looks alike is drawn together.
//
// Small and dense graphs of pairs go onto one circle: between points of a circle no line hides
// another.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/graph_model.h"

namespace hark {

// Dots a picture: 72 to an inch for who prints.
struct GraphPoint {
  double x = 0;
  double y = 0;
};

inline constexpr double kHostRadius = 5;

// What a placer gets: circles, and which of them should be close.
struct GraphBodies {
  std::vector<double> radius;
  std::vector<std::pair<uint32_t, uint32_t>> springs;  // distinct, first < second
};

struct PlacedBodies {
  std::vector<GraphPoint> at;  // of each body, finite
  std::string by;              // who did it: "sfdp", "hark"
};

// Must give a point for every body; a placer that can fail falls back on PlaceByForces.
using BodyPlacer = std::function<PlacedBodies(const GraphBodies&)>;

struct GraphLayout {
  std::vector<GraphPoint> at;  // of every node, kMargin or more from the edges
  double width = 0;
  double height = 0;
  std::string by;  // the placer, or "circle"
};

// The same graph and placement give the same layout.
GraphLayout LayOut(const ClusterGraph& graph, const BodyPlacer& placer);

}  // namespace hark

#pragma once

// A laid out cluster as things to paint, from back to front: what SVG and PNG have in common.
// Coordinates are pixels from the top left corner. The legend stands to the right of the graph.

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/graph_layout.h"
#include "analysis/graph_model.h"

namespace hark {

// Names are written below dots up to that many hosts; above, they would cover each other and are
// shown when the mouse is over a dot.
inline constexpr size_t kMostNamesShown = 60;
// Entries of the legend for ASes; the rest is counted in one line.
inline constexpr size_t kMostAsesShown = 24;

// A line of the graph: a quadratic curve, bent so that parallel ones can be told apart.
struct PictureLine {
  GraphPoint from;
  GraphPoint bend;  // the curve's control point; in the middle for a straight line
  GraphPoint to;
  bool straight = true;
  uint32_t link = 0;  // into ClusterGraph::links
};

struct PictureDot {
  GraphPoint at;
  double radius = 0;
  uint32_t node = 0;
  bool ring = false;  // white inside, its colour around
};

// Of a ring, instead of a dot's thin dark rim.
inline constexpr double kRingWidth = 2.5;

struct PictureText {
  GraphPoint at;  // baseline
  std::string text;
  double size = 12;
  bool centred = false;
  bool faint = false;
  bool on_lines = false;  // a name among lines: wants white around it
};

// A swatch of the legend: a line for ports, a dot for an AS.
struct PictureSwatch {
  GraphPoint at;
  std::string colour;
  bool line = false;
};

struct ClusterPicture {
  double width = 0;
  double height = 0;
  double line_width = 1;
  double scale = 1;  // of the legend and of its swatches: large pictures are looked at from afar
  // Lines of each kind together, in the order of kinds.
  std::vector<std::vector<PictureLine>> lines;
  std::vector<PictureDot> dots;
  std::vector<PictureText> texts;
  std::vector<PictureSwatch> swatches;
};

ClusterPicture Compose(const ClusterGraph& graph, const GraphLayout& layout);

// One line about the whole: "cluster c01…: 8 hosts in 3 ASes, 4 shared keys".
std::string GraphTitle(const ClusterGraph& graph);
// What there is to say about a node or a line, a fact a line.
std::vector<std::string> NodeFacts(const ClusterGraph& graph, uint32_t node);
std::string LinkFact(const ClusterGraph& graph, const GraphLink& link);
// "AS64500", or "AS unknown".
std::string AsLabel(uint32_t asn);

}  // namespace hark

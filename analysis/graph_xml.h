#pragma once

// A cluster's graph for other programs: GEXF 1.3 (Gephi) and GraphML (NetworkX, yEd, igraph), with
// places and colours.

#include <string>
#include <string_view>

#include "analysis/graph_layout.h"
#include "analysis/graph_model.h"

namespace hark {

// Text as XML character data or attribute value; what XML 1.0 cannot hold becomes "?".
std::string XmlText(std::string_view text);
// Tenths of a pixel, also where there are none: a number without them might be a word of somebody's
// (a bundle's self-check asks). Never "nan" or "inf".
std::string PixelText(double value);

std::string GraphAsGexf(const ClusterGraph& graph, const GraphLayout& layout);
std::string GraphAsGraphMl(const ClusterGraph& graph, const GraphLayout& layout);

}  // namespace hark

#pragma once

// A laid out cluster as JSON, for programs and for the interactive page. docs/formats/report.md
// describes it.

#include <string>

#include "analysis/graph_layout.h"
#include "analysis/graph_model.h"

namespace hark {

// indent: of nlohmann::json::dump; -1 = on one line. ASCII.
std::string GraphAsJson(const ClusterGraph& graph, const GraphLayout& layout, int indent = 1);

}  // namespace hark

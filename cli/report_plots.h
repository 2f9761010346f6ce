#pragma once

// The pictures of a run's report, as inline SVG (html.h says what its CSS classes mean).

#include <string>

#include "analysis/report.h"

namespace hark {

// The paper's Figures 3 to 5: for every cluster size the number of clusters (squares) and of hosts
// in them (circles). Axes are logarithmic where the largest value is above ten.
std::string ClusterSizePlot(const ClusterSizes& sizes);

// Hosts with a key, a bar a port.
std::string PortsPlot(const RunReport& report);

// Of each TLS port the negotiated versions as shares of its hosts with a key.
std::string TlsVersionsPlot(const RunReport& report);

// One bar: where the targets of the plan ended.
std::string CoveragePlot(const RunReport& report);

}  // namespace hark

#pragma once

#include <string>

#include "analysis/risk.h"

namespace hark {

// The concentration curve as inline SVG: the smallest groups of hosts, and the least used keys, up
// to a share of all have which share of hosts and of uses. The further below the diagonal, the more
// of them fall with few keys.
std::string LorenzPlot(const RiskReport& risk);

}  // namespace hark

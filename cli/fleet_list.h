#pragma once

// `hark fleet list`: the registry and what was last heard of its workers, as text or JSON. Pure.

#include <string>

#include "cli/render_text.h"
#include "coordinator/fleet_live.h"
#include "coordinator/fleet_registry.h"

namespace hark {

// now: Unix seconds.
std::string FleetAsText(const FleetRegistry& registry, const LiveFleet& live, int64_t now,
                        const TextStyle& style);
std::string FleetAsJson(const FleetRegistry& registry, const LiveFleet& live, int64_t now);

}  // namespace hark

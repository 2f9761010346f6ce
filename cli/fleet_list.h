#pragma once

// `hark fleet list`: the registry and what was last heard of its workers, as text or JSON. Pure.

#include <string>

#include "cli/render_text.h"
#include "coordinator/fleet_live.h"
#include "coordinator/fleet_registry.h"
#include "proto/control.pb.h"

namespace hark {

// now: Unix seconds.
std::string FleetAsText(const FleetRegistry& registry, const LiveFleet& live, int64_t now,
                        const TextStyle& style);
// status: of a running coordinator; each worker then has a member "live" as in hark run status.
std::string FleetAsJson(const FleetRegistry& registry, const LiveFleet& live, int64_t now,
                        const proto::FleetStatus* status = nullptr);

// What a running coordinator knows now, over what it last wrote down.
void TakeLive(const proto::FleetStatus& status, LiveFleet* live);

}  // namespace hark

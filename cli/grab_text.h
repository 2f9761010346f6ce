#pragma once

#include <string>

#include "cli/render_text.h"
#include "proto/observation.pb.h"

namespace hark {

// A host for people: a line for its address, one a port, one a key. Ports that took no connection
// share one line.
std::string HostAsText(const proto::HostObservation& host, const TextStyle& style);

}  // namespace hark

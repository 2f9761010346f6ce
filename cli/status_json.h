#pragma once

// The fleet's state for programs: docs/formats/status.md describes every member. Members keep their
// order and meaning; new ones are added at the end of their object. Pure.

#include <nlohmann/json.hpp>

#include "proto/control.pb.h"

namespace hark {

// Every string in it is printable ASCII (others' bytes as \xNN), so that dump() cannot fail.
nlohmann::ordered_json StatusJson(const proto::FleetStatus& status);

}  // namespace hark

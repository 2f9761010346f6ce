#pragma once

// Observations as protobuf and back. Encoding takes anything; decoding refuses enum values and
// numbers outside their range, since what it reads crossed a wire or a disk.

#include <optional>

#include "proto/observation.pb.h"
#include "worker/probe/observation.h"

namespace hark {

void EncodePortObservation(const PortObservation& from, proto::PortObservation* to);
std::optional<PortObservation> DecodePortObservation(const proto::PortObservation& from);

}  // namespace hark

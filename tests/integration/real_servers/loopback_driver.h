#pragma once

// The smallest engine: plays one survey against a port of 127.0.0.1, one socket, one thread.

#include <cstdint>

#include "worker/probe/probe.h"

namespace hark {

// Options of tests: deadlines as in production, pauses of a millisecond.
ProbeOptions LoopbackOptions();

PortObservation PlaySurvey(PortSurvey& survey, uint16_t port);
// A survey of its own for the port.
PortObservation Survey(uint16_t port, Protocol protocol,
                       const ProbeOptions& options = LoopbackOptions());

}  // namespace hark

#pragma once

// hark on one host, as a worker does it: the production surveys driven by the production engine
// over real sockets.

#include <cstdint>
#include <vector>

#include "base/address.h"
#include "worker/engine/prober.h"

namespace hark {

// Options of tests: deadlines as in production, pauses of a millisecond.
ProbeOptions LoopbackOptions();

// One visit of the host; returns when it is over. One observation a port, in the order asked.
std::vector<PortObservation> VisitHost(const Address& host, const std::vector<uint16_t>& ports,
                                       const SurveyMaker& make);
// The same for one port, with what is spoken there.
PortObservation Survey(const Address& host, uint16_t port, Protocol protocol,
                       const ProbeOptions& options = LoopbackOptions());

}  // namespace hark

#pragma once

// A fleet in one thread on a seeded clock: the production Dispatcher and the production
// WorkerSessions, joined by a network that loses, doubles, delays and cuts, over a disk that
// stalls and forgets what was not synced. One seed is one history; what it must never do is
// checked after every step. docs/simulation.md tells how to use it.
//
//   Fleet        owns time (an event queue) and everybody
//   SimWorld     what is true
//   SimDisk      what survives a coordinator's death: rows, lists, what each host was seen as
//   SimHost      the targets behind a worker's session, some of them throttled
//   FleetWatch   a second opinion on leases, acknowledgements, rates and credit
//
// Not simulated: ZeroMQ, RocksDB and probes themselves. Those have tests of their own.

#include "tests/sim/fleet_options.h"

namespace hark::sim {

FleetOutcome RunFleet(const FleetOptions& options);

}  // namespace hark::sim

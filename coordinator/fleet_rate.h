#pragma once

// The ceiling of all runs together that an operator set while a coordinator ran (hark fleet rate),
// kept in the store, so that a restart does not lift what was lowered in haste. It replaces the
// rate coordinators are started with, and holds for as long as they are started with that one;
// another is a later wish.

#include "base/status.h"
#include "storage/store.h"

namespace hark {

// The ceiling to begin with, of a coordinator started with this rate. Probes per second, above 0.
Result<double> FleetRateOf(const Store& store, double started_with);
// Durable when it returns.
Status KeepFleetRate(Store& store, double started_with, double probes_per_second);

}  // namespace hark

#pragma once

// How the runs of a store stand when nobody works on them, in the words a coordinator uses.

#include <string>

#include "base/status.h"
#include "proto/control.pb.h"
#include "storage/store.h"

namespace hark {

// run: "" = all that are not done. kInvalidInput when there is no such run.
Result<proto::FleetStatus> StatusOfStore(const Store& store, const proto::GetStatus& what,
                                         int64_t unix_ms);

}  // namespace hark

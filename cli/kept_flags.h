#pragma once

// What a resumed run keeps of how it treats its hosts: its policy is part of its plan, so that all
// its hosts are seen with the same eyes.

#include <string>

#include "proto/wire.pb.h"

namespace hark {

// The flags of `hark scan` that say something else than the run: " --name=VALUE" each, with the
// run's value; "" when there is none.
std::string KeptFlags(const proto::ProbePolicy& run, const proto::ProbePolicy& asked);

}  // namespace hark

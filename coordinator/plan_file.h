#pragma once

// A plan on its way from the operator's program to a coordinator that is running: a file in
// DB/inbox, since the targets of a country are too long for a message.
//
//   "hark-plan 2\n" | RunRow without id, name and times | RangeSet::Encode of the targets
//   | EncodeTargets6 | for each target with names: address | NameRow
//
// each of these after its length (u32), in network order.
//
// Whoever reads one trusts nothing in it: a plan that does not hold together never becomes a run.

#include <string>

#include "base/status.h"
#include "coordinator/plan.h"

namespace hark {

std::string EncodePlan(const Plan& plan);
// kInvalidInput says what is wrong.
Result<Plan> DecodePlan(std::string_view bytes);

// DB/inbox/NAME, 0600. The name is new for every plan.
Result<std::string> WritePlanFile(const std::string& db, const Plan& plan);
// name: from a message. Reads the file and takes it out of the inbox.
Result<Plan> TakePlanFile(const std::string& db, const std::string& name);

}  // namespace hark

#pragma once

// What a further visit to a throttled port adds to what is known of it. Pure, so that the same
// visits always make the same row.

#include "proto/store.pb.h"

namespace hark {

// Of a port that was throttled and has been visited again: nothing new came of it. No answer at all
// is what a penalty looks like too, so it is no reason to say that nothing listens there.
bool StaysThrottled(const proto::PortObservation& again);

// known: the stored row; again: the row of the visit number `visits`, chains replaced by hashes.
//   outcome, stage, detail   the new ones, unless it stays throttled
//   SSH keys                 all, one a blob, with the better proof
//   other facts              the newer where it has any, else what was known
//   connections, duration    summed
proto::PortRow MergeVisits(const proto::PortRow& known, const proto::PortRow& again,
                           uint32_t visits);

}  // namespace hark

#pragma once

// Takes out of the store again what it holds of addresses whose owners asked for that: records, key
// index, history, names; listeners and revisits keep their positions and become
// 0.0.0.0, which can never be contacted. PurgeRow keeps the ledgers' sums. Certificates stay, since
// other hosts may show them; so do the bare target ranges of the plan.
//
// Every step leaves the store whole, and what was interrupted is done again: the version up to
// which it is done is in the store.

#include <cstdint>

#include "base/status.h"
#include "storage/store.h"

namespace hark {

// Of all opt-outs that ask for it and have not been purged yet. Nobody else may write records of
// the store meanwhile. Gives the hosts whose records are gone.
Result<uint64_t> PurgeDue(Store& store);

// Of all that ever asked for it, done or not: after records came into the store that are older than
// the opt-outs, or somebody else's.
Result<uint64_t> PurgeAgain(Store& store);
// Up to which version of the opt-outs that is done.
Result<uint64_t> PurgedVersion(const Store& store);
// Out of the history once more, what was purged by versions behind this one.
Status ForgetPurgedSince(Store& store, uint64_t version);

}  // namespace hark

#pragma once

// Whose owners asked to be left out: versioned, never taken back, for every run of a store. A plan
// made later excludes them; runs that are going on hear of them at once (Dispatcher::SetOptOuts).

#include <cstdint>
#include <string>
#include <vector>

#include "base/range_set.h"
#include "base/status.h"
#include "proto/control.pb.h"
#include "storage/store.h"

namespace hark {

// Of one addition, so that it fits a message; more is several additions.
inline constexpr int kMaxOptOutEntries = 10'000;

struct OptOuts {
  uint64_t version = 0;  // of the last step, 0 = there are none
  RangeSet addresses;
  std::vector<proto::OptOutRow> steps;  // oldest first
};

Result<OptOuts> LoadOptOuts(const Store& store);
// Durable when it returns. kInvalidInput names the entry that is none. Gives the version in which
// they are: the last one, if they were all there already.
Result<uint64_t> AddOptOuts(Store& store, const proto::AddOptOuts& what, int64_t unix_ms);
// The addresses of the entries.
Result<RangeSet> ParseOptOuts(const proto::AddOptOuts& what);

}  // namespace hark

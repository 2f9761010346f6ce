#pragma once

// Folds the records of a run into the history, after which its places answer with all they ever
// showed. Times of day are those of each host's first visit in the run, whole seconds. Nothing
// changes when it is done twice, and what was interrupted goes on where the last commit was.

#include <cstdint>
#include <functional>
#include <vector>

#include "base/status.h"
#include "storage/store.h"

namespace hark {

// Nobody else may fold the same run meanwhile; everything else may go on. goes_on is told how many
// hosts are done, every few thousand; false stops it. Gives whether all of the run is remembered.
Result<bool> RememberRun(Store& store, const proto::RunRow& run,
                         const std::function<bool(uint64_t hosts)>& goes_on);

// The place (StoreWrite::PutRemembered) of a run of which all is in the history.
inline constexpr char kWholeRun[] = "all";

// Is all of it in the history?
Result<bool> IsRemembered(const Store& store, uint32_t run);
// Finished runs of which that is not so: of a store from before there was a history, or whose
// coordinator was stopped in the middle. Oldest first.
Result<std::vector<proto::RunRow>> NotRemembered(const Store& store);

// What a port's row says, as history has it; empty where only our own side failed.
std::vector<SightedFact> FactsOfRow(const proto::PortRow& row);

}  // namespace hark

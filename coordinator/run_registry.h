#pragma once

// Finding the run a command means: a new one, or the one an earlier start of the same command left
// unfinished.

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "coordinator/geo.h"
#include "coordinator/plan.h"
#include "coordinator/run_state.h"
#include "storage/store.h"

namespace hark {

struct OpenedRun {
  proto::RunRow run;
  bool resumed = false;
};

// name "" = the unfinished run with this very plan, or a new one named COUNTRY-YYYYMMDD (or
// "list-YYYYMMDD", with -2, -3 … when taken). A named run with another plan is kInvalidInput.
// A new run, its target set and its first jobs are stored, synced, before this returns.
Result<OpenedRun> OpenRun(Store& store, const Plan& plan, const std::string& name, int64_t unix_ms);

// One run for each plan, which are of different countries; all new ones are stored, synced, at once,
// so that a crash leaves all of them or none. name: that of the first of one plan; of several,
// NAME-COUNTRY each. Without a name a plan's unfinished run is gone on with, and where there is one,
// a finished run counts as the plan's, too, if it was made together with an unfinished one: the
// same command, given again, surveys no country twice.
Result<std::vector<OpenedRun>> OpenRuns(Store& store, const std::vector<Plan>& plans,
                                        const std::string& name, int64_t unix_ms);

// The run as the dispatcher needs it, from the store.
Result<RunState> LoadRun(const Store& store, const proto::RunRow& run);

struct LoadedRun {
  RunState state;
  std::string as_table;  // base/as_table.h, encoded; "" = there is no geo data
};
// With the ASes of its targets, so that a ceiling per AS can come at any time.
Result<LoadedRun> LoadRunWithTable(const Store& store, const GeoTable& geo,
                                   const proto::RunRow& run);

}  // namespace hark

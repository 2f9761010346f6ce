#pragma once

// Two runs of one population, compared: `hark compare`.

#include "analysis/events.h"
#include "analysis/evolution.h"

namespace hark {

struct RunComparison {
  ComparedRun before, after;
  Evolution evolution;
  Events events;
};

// listed: so many events of each kind are listed one by one. The readers must outlive the result.
Result<RunComparison> CompareRuns(const RunReader& before, const RunReader& after, size_t listed,
                                  bool include_answers_all = false);

}  // namespace hark

#pragma once

// What a run is to survey, as addresses: a country's, a list's with its names resolved, an earlier
// run's listeners.

#include <string>
#include <vector>

#include "base/range_set.h"
#include "base/status.h"
#include "coordinator/geo.h"
#include "coordinator/plan.h"

namespace hark {

struct SourceWishes {
  std::string targets;
  std::string from_run;  // NAME or NAME@DB
  std::string resolver;  // ADDR:PORT, "" = the machine's
  std::string db;        // that of --from_run=NAME
};

struct PlanSources {
  RangeSet v4;
  std::vector<Address> v6;
  NamedTargets names;
  std::vector<std::string> asked_names;
};

// Of lists and runs. Names without an address are told on stderr; if nothing else is left, that is
// the plan's to refuse.
Result<PlanSources> ReadSources(const SourceWishes& wishes);

}  // namespace hark

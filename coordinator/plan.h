#pragma once

// A run's immutable definition: which addresses, which ports, in what order, how politely. Made
// once, stored before anything is sent, and found again by the same command.

#include <cstdint>
#include <string>
#include <vector>

#include "base/range_set.h"
#include "base/status.h"
#include "proto/store.pb.h"

namespace hark {

struct PlanOptions {
  std::string country;  // "" for a list
  RangeSet sources;     // what was asked for
  RangeSet exclusions;  // what must not be touched, special ranges included
  RangeSet opt_outs;    // whose owners asked to be left out (coordinator/opt_outs.h)
  uint64_t opt_outs_version = 0;
  std::string source;  // for people, e.g. "country NA from geo.csv"
  std::string geo_source;
  std::vector<proto::GeoSource> geo_sources;  // what each file of it is
  uint16_t gate_port = 25;                    // 0 = visit every target
  std::vector<uint16_t> ports = {22, 25, 110, 143, 443, 587, 993};
  proto::ProbePolicy policy;
  uint64_t seed = 0;
};

struct Plan {
  proto::RunRow run;  // without id, name and times
  RangeSet targets;
};

// kInvalidInput when nothing is left to scan.
Result<Plan> MakePlan(const PlanOptions& options);

// The exclusions of a run, as stored in it and sent with its jobs.
Result<RangeSet> ExclusionsOf(const proto::RunRow& run);

// The key of the run's permutation, from its seed and target set: two runs of one country with one
// seed go in the same order, another target set in another.
uint64_t PermutationKey(const proto::RunRow& run);

// SWEEP jobs over [0, planned), or GRAB_TARGETS jobs without a gate. Sizes follow the run's: a
// small run still has enough jobs for several workers, a large one few enough to keep in memory.
std::vector<proto::JobRow> FirstJobs(const proto::RunRow& run);

}  // namespace hark

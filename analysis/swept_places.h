#pragma once

// Where the targets of each /16 ended, by what the sweeps saw of each index of the run's order
// (SweptRow). Silence is the rule, and what is known of all others is known of the silent, too: an
// index is turned into an address only where it is of the rarer kind.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/range_set.h"
#include "base/status.h"
#include "base/target_states.h"
#include "storage/run_reader.h"

namespace hark {

struct SweptPlaces {
  struct Block {
    TargetStates::Counts states{};
    uint64_t pending = 0;  // nothing is told of them
  };
  std::map<uint32_t, Block> blocks16;  // by the upper half of the address; sums are the set's
  // Targets that the jobs are through with and no row tells of: their workers said only how many
  // were what. They are among the pending.
  uint64_t unplaced = 0;
  std::vector<std::string> errors;
};

// targets: the run's IPv4 targets. What the rows say is compared with the jobs' tallies: state by
// state, and that no index is told of twice.
Result<SweptPlaces> ReadSweptPlaces(const RunReader& reader, const RangeSet& targets);

}  // namespace hark

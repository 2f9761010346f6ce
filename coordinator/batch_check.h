#pragma once

// A batch as a stranger's claim: opened, bounded and compared with what was leased. Nothing of a
// batch reaches the store that did not pass here.

#include <string>
#include <utility>
#include <vector>

#include "base/address_set.h"
#include "base/status.h"
#include "base/target_states.h"
#include "coordinator/host_batch.h"
#include "coordinator/run_state.h"
#include "proto/wire.pb.h"

namespace hark {

struct CheckedBatch {
  proto::Tally tally;
  std::vector<Address> hits;          // SWEEP
  std::vector<uint64_t> hit_indices;  // SWEEP: of the same
  TargetStates states;                // SWEEP: of [from_index, to_index); empty: not told
  HostBatch hosts;                    // GRAB
};

// targets: the addresses of the GRAB job's [base, end), empty for SWEEP. 0.0.0.0 among them is one
// that was left out since the list was made: whatever comes of it counts as excluded. kCorruption
// says what did not fit; the batch then costs the worker its lease. opt_outs: what was found of
// these addresses is dropped and the target counted as excluded; it may have been found before they
// opted out.
Result<CheckedBatch> CheckBatch(const proto::Batch& batch, const RunState& run, const LiveJob& job,
                                const std::vector<Address>& targets,
                                const AddressSet& opt_outs = {});

// Where a host stands in the ledger after its first visit.
void CountHost(const proto::HostObservation& host, proto::Tally* tally);

}  // namespace hark

#pragma once

// Where the targets of a run stand in its order, for those who read it and those who plan it.

#include <cstdint>

#include "proto/store.pb.h"

namespace hark {

// The key of the run's permutation, from its seed and target set: two runs of one country with one
// seed go in the same order, another target set in another.
uint64_t PermutationKey(const proto::RunRow& run);

}  // namespace hark

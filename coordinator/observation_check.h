#pragma once

// One port's observation as a stranger's claim: every field within its bounds. Who wrote it may run
// anything; what does not pass here never reaches the store, where every reader trusts it.

#include "base/status.h"
#include "proto/observation.pb.h"

namespace hark {

// As a worker sends it: chains whole, no hashes yet. kCorruption says what did not fit.
//
//   enums, code points     known to base/outcome.h; 16 bits
//   hassh, JA3S            32 hex digits or nothing
//   names                  4 KiB; texts, name-lists and key blobs 64 KiB
//   lists                  at most as many entries as the constants in the source say
Status CheckObservation(const proto::PortObservation& port);

}  // namespace hark

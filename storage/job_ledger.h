#pragma once

// The sum that every job's tally must keep: what it counts is what it is through with.

#include <cstdint>
#include <string>

#include "base/strings.h"
#include "proto/store.pb.h"

namespace hark {

// Targets the job is through with, by its own account. One in quarantine is over with its end: the
// target no worker survived is counted as failed, though the cursor still points at it.
inline uint64_t TargetsThrough(const proto::JobRow& job) {
  const uint64_t to = job.state() == proto::JobRow::QUARANTINED ? job.end() : job.cursor();
  return to > job.base() ? to - job.base() : 0;
}

inline uint64_t TargetsCounted(const proto::Tally& tally) {
  return tally.silent() + tally.refused() + tally.unreachable() + tally.answered() +
         tally.throttled() + tally.failed() + tally.excluded();
}

// One sentence, "" = it adds up.
inline std::string JobLedgerError(const proto::JobRow& job) {
  const uint64_t through = TargetsThrough(job), counted = TargetsCounted(job.tally());
  if (through == counted) return "";
  return StrCat("job ", job.id(), " is through with ", through, " targets and counts ", counted);
}

}  // namespace hark

// The sums of the coverage ledger, as they stand in memory: for those who ask how a run goes.

#include "base/strings.h"
#include "coordinator/run_state.h"
#include "storage/job_ledger.h"

namespace hark {

// As ReadCoverage has it (analysis/coverage.h), of what is accepted and maybe not yet written.
std::string RunState::LedgerError() const {
  uint64_t settled = 0, found = 0, visited = 0;
  for (const auto& [id, job] : jobs_) {
    if (IsAudit(job.row)) continue;
    std::string error = JobLedgerError(job.row);
    if (!error.empty()) return error;
    const uint64_t counted = TargetsCounted(job.row.tally());
    const bool of_plan = IsSweep(job.row) || job.row.kind() == proto::JobRow::GRAB_TARGETS;
    if (of_plan) settled += counted;
    if (IsSweep(job.row)) found += job.row.tally().answered();
    if (job.row.kind() == proto::JobRow::GRAB_LISTENERS) visited += counted;
  }
  const bool done = run_.state() == proto::RunRow::DONE && !run_.settings().cancelled();
  const uint64_t planned = run_.planned();
  if (settled > planned || (done && settled < planned)) {
    return StrCat("the ledger counts ", settled, " of ", planned, " planned targets");
  }
  if (visited > found || (done && visited < found)) {
    return StrCat("the ledger counts ", visited, " of ", found, " listeners found");
  }
  return "";
}

}  // namespace hark

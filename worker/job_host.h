#pragma once

// What the protocol session tells the side that does the work. The job runner implements it; tests
// of the session have a fake.

#include <cstdint>
#include <map>
#include <memory>

#include "base/as_table.h"
#include "base/range_set.h"
#include "proto/wire.pb.h"
#include "worker/exclusion_filter.h"
#include "worker/job_key.h"

namespace hark {

// What one run may do here, connection attempts a second; see proto RunRate.
struct RunShare {
  double probes_per_second = 0;  // 0 = nothing
  double per_prefix = 0;         // to one /24 or /48, 0 = no ceiling
  double per_as = 0;             // to one AS of the run's table, 0 = no ceiling

  bool operator==(const RunShare&) const = default;
};
// By run. One that is not there may do nothing.
using RunShares = std::map<uint32_t, RunShare>;

class JobHost {
 public:
  virtual ~JobHost() = default;

  // Begins at cursor, or goes on there after a restart; end may be less than job.end() after a
  // TRIM. targets is set for SWEEP. An error means the job cannot be done as it is.
  virtual Status StartJob(const proto::Job& job, uint64_t cursor, uint64_t end,
                          std::shared_ptr<const RangeSet> targets) = 0;
  // No new connection while held; results of open ones still count.
  virtual void HoldJob(const JobKey& key, bool hold) = 0;
  // Gives up [result, end). The result is at least new_end and more when that was begun already.
  virtual uint64_t TrimJob(const JobKey& key, uint64_t new_end) = 0;
  // The lease is gone or done: forget it, results of open connections too.
  virtual void DropJob(const JobKey& key) = 0;
  // From now on no job begins a target; what is begun is finished.
  virtual void FinishStarted() = 0;
  // Targets begun and not yet in a batch.
  virtual size_t open_targets() const = 0;
  // Jobs that still have targets to begin.
  virtual size_t jobs_with_work() const = 0;

  // All runs together, and no ceiling for a single one: for coordinators that know no shares. 0 for
  // a pause.
  virtual void SetRate(double probes_per_second) = 0;

  // The rest does nothing in hosts that need it not, as those of simulations.

  // Each run's own share, and at most `total` for all of them.
  virtual void SetShares(const RunShares&, double total) { SetRate(total); }
  // Before StartJob, by what the run's ceiling per AS is kept.
  virtual void SetAsTable(uint32_t /*run*/, std::shared_ptr<const AsTable>) {}
  // The opt-outs of all jobs, in force when this returns: no connection to one of them is open or
  // will be made. Targets cut off so are done, as excluded.
  virtual void Exclude(std::shared_ptr<const ExclusionFilter>) {}
  // As DropJob, but open connections end now, not by themselves.
  virtual void CancelJob(const JobKey& key) { DropJob(key); }
  // As jobs_with_work, of one run.
  virtual size_t run_jobs_with_work(uint32_t /*run*/) const { return jobs_with_work(); }
  // Of them, sweeps that are fed apart from the rest (SessionOptions::sweeps_wanted).
  virtual size_t run_sweeps_with_work(uint32_t /*run*/) const { return 0; }
  virtual void FillLoad(proto::WorkerLoad* load) const = 0;
};

}  // namespace hark

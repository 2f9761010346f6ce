#pragma once

// What the protocol session tells the side that does the work. The job runner implements it; tests
// of the session have a fake.

#include <cstdint>
#include <memory>

#include "base/range_set.h"
#include "proto/wire.pb.h"
#include "worker/job_key.h"

namespace hark {

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

  // This worker's share of the fleet's rate, or 0 for a pause.
  virtual void SetRate(double probes_per_second) = 0;
  virtual void FillLoad(proto::WorkerLoad* load) const = 0;
};

}  // namespace hark

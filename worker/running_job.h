#pragma once

// One job being worked on: begins its targets in index order as the prober has room, takes results
// in any order, and hands out batches in index order.
//
// An index is begun, then either done or given back (permission was withdrawn before anything was
// sent) and begun again later. Only done ones reach a batch.

#include <cstdint>
#include <memory>
#include <queue>
#include <vector>

#include "base/permutation.h"
#include "base/range_set.h"
#include "proto/wire.pb.h"
#include "worker/batch_builder.h"
#include "worker/completion_window.h"
#include "worker/engine/prober.h"
#include "worker/job_key.h"

namespace hark {

// Whether the job makes sense as a whole; the runner refuses it otherwise.
Status CheckJob(const proto::Job& job, const RangeSet* targets);

class RunningJob : public std::enable_shared_from_this<RunningJob> {
 public:
  RunningJob(const proto::Job& job, uint64_t end, PolicyPtr policy)
      : key_(JobKey::Of(job)), policy_(std::move(policy)), end_(end) {}
  virtual ~RunningJob() = default;

  const JobKey& key() const { return key_; }
  const PolicyPtr& policy() const { return policy_; }
  uint64_t end() const { return end_; }

  // Begins as many targets as the prober has room for.
  virtual void Feed(Prober& prober) = 0;
  // Appends the batches that are due; all that is ready when flush.
  virtual void TakeBatches(MonoTime now, bool flush, std::vector<proto::Batch>* out) = 0;
  // Gives up the tail from new_end on, as far as it is not begun; returns the new end.
  virtual uint64_t Trim(uint64_t new_end) = 0;
  // Not all targets are begun.
  virtual bool HasWork() const = 0;
  // Its targets take neither sockets nor room of the prober.
  virtual bool half_open() const { return false; }
  // policy()->permission is another.
  virtual void PermissionChanged() {}
  // Targets begun and not in a batch yet, without those that wait behind a given-back one.
  virtual size_t open_targets() const = 0;

 protected:
  JobKey key_;
  PolicyPtr policy_;
  uint64_t end_;
};

std::shared_ptr<RunningJob> MakeSweep(const proto::Job& job, uint64_t cursor, uint64_t end,
                                      std::shared_ptr<const RangeSet> targets, PolicyPtr policy,
                                      const BatchLimits& limits);
// window: targets open at once.
std::shared_ptr<RunningJob> MakeGrab(const proto::Job& job, uint64_t cursor, uint64_t end,
                                     size_t window, PolicyPtr policy, const BatchLimits& limits);

}  // namespace hark

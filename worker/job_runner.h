#pragma once

// The side of the worker that does the work: turns jobs into knocks and visits and their results
// into batches. Older jobs are fed first, so that one is finished rather than many begun.
//
// Threads: one.

#include <functional>
#include <memory>
#include <vector>

#include "base/time.h"
#include "worker/engine/prober.h"
#include "worker/job_host.h"
#include "worker/running_job.h"

namespace hark {

// Makes the surveys of a run's hosts as its policy wants.
using SurveyMakerFactory = std::function<SurveyMaker(const proto::ProbePolicy& policy)>;

struct RunnerOptions {
  size_t max_parallel = 1000;  // this machine's own ceiling of open sockets
  BatchLimits limits;
};

class JobRunner final : public JobHost {
 public:
  // prober outlives the runner.
  JobRunner(RunnerOptions options, Prober& prober, SurveyMakerFactory surveys);
  ~JobRunner() override;

  // Begins targets as there is room. To be called whenever results came or permissions changed.
  void Feed();
  std::vector<proto::Batch> TakeBatches(MonoTime now);
  // What FillLoad reports; the owner of the engine knows.
  void SetLoad(const proto::WorkerLoad& load) { load_ = load; }

  Status StartJob(const proto::Job& job, uint64_t cursor, uint64_t end,
                  std::shared_ptr<const RangeSet> targets) override;
  void HoldJob(const JobKey& key, bool hold) override;
  uint64_t TrimJob(const JobKey& key, uint64_t new_end) override;
  void DropJob(const JobKey& key) override;
  void FinishStarted() override;
  size_t open_targets() const override;
  size_t jobs_with_work() const override;
  void SetRate(double probes_per_second) override;
  void FillLoad(proto::WorkerLoad* load) const override { *load = load_; }

 private:
  std::shared_ptr<RunningJob> Find(const JobKey& key) const;

  RunnerOptions options_;
  Prober& prober_;
  SurveyMakerFactory surveys_;
  std::vector<std::shared_ptr<RunningJob>> jobs_;  // oldest first
  bool finishing_ = false;
  proto::WorkerLoad load_;
};

}  // namespace hark

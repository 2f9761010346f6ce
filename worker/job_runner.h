#pragma once

// The side of the worker that does the work: turns jobs into knocks and visits and their results
// into batches. Older jobs are fed first, so that one is finished rather than many begun.
//
// Each run has a pacer (engine/run_pacer.h) from its first job or share on until it has neither.
//
// Threads: one.

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "worker/engine/prober.h"
#include "worker/job_host.h"
#include "worker/opt_outs_in_force.h"
#include "worker/running_job.h"
#include "worker/syn_desk.h"

namespace hark {

// Makes the surveys of a run's hosts as its policy wants.
using SurveyMakerFactory = std::function<SurveyMaker(const proto::ProbePolicy& policy)>;

struct RunnerOptions {
  size_t max_parallel = 1000;  // this machine's own ceiling of open sockets
  BatchLimits limits;
  SynDesk* syn = nullptr;  // sweeps go by SYN; outlives the runner
  // Those of this machine's own addresses, too, to which no SYN leaves by a wire.
  bool syn_to_ourselves = false;
};

class JobRunner final : public JobHost {
 public:
  // prober and clock outlive the runner.
  JobRunner(RunnerOptions options, Prober& prober, SurveyMakerFactory surveys, const Clock& clock);
  ~JobRunner() override;

  // Begins targets as there is room. To be called whenever results came or permissions changed.
  void Feed();
  std::vector<proto::Batch> TakeBatches(MonoTime now);
  // Sweeps to come go by connect(). Those under way by SYN, which the owner is to give back.
  std::vector<JobKey> LeaveSyn();
  // What part of the rate this machine stands now, 0 to 1; the coordinator need not know.
  void SetBrake(double part);
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
  size_t run_jobs_with_work(uint32_t run) const override;
  size_t run_sweeps_with_work(uint32_t run) const override;
  void SetRate(double probes_per_second) override;
  void SetShares(const RunShares& shares, double total) override;
  void SetAsTable(uint32_t run, std::shared_ptr<const AsTable> table) override;
  void Exclude(std::shared_ptr<const ExclusionFilter> filter) override;
  void CancelJob(const JobKey& key) override;
  void FillLoad(proto::WorkerLoad* load) const override { *load = load_; }

 private:
  std::shared_ptr<RunningJob> MakeSweepOf(const proto::Job& job, uint64_t cursor, uint64_t end,
                                          std::shared_ptr<const RangeSet> targets, PolicyPtr policy,
                                          ExclusionFilter excluded);
  bool GoesBySyn(const RangeSet& targets) const;
  std::shared_ptr<RunningJob> Find(const JobKey& key) const;
  PacerPtr PacerOf(uint32_t run);
  void Pace(uint32_t run, RunPacer& pacer) const;
  void ForgetPacers();

  RunnerOptions options_;
  Prober& prober_;
  SurveyMakerFactory surveys_;
  const Clock& clock_;
  std::shared_ptr<OptOutsInForce> opt_outs_ = std::make_shared<OptOutsInForce>();
  std::map<uint32_t, PacerPtr> pacers_;  // by run
  RunShares shares_;
  double total_ = 0;  // attempts a second, all runs
  double brake_ = 1;
  bool has_shares_ = false;                        // or only a rate for all runs together
  std::vector<std::shared_ptr<RunningJob>> jobs_;  // oldest first
  bool finishing_ = false;
  const uint64_t canary_key_ = SecureU64();
  proto::WorkerLoad load_;
};

}  // namespace hark

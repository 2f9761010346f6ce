#pragma once

// The hosts behind a simulated worker: makes contiguous batches at a seeded pace, as the job runner
// does.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "tests/sim/sim_world.h"
#include "worker/worker_session.h"

namespace hark::sim {

class SimHost final : public JobHost {
 public:
  struct Hooks {
    // About to look at [from, to) of a job; false: the prober died of it.
    std::function<bool(const JobKey& key, bool sweep, uint64_t from, uint64_t to)> probed;
    // Of these, each that is no exclusion.
    std::function<void(const JobKey& key, const Address&)> contacted;
    std::function<bool(uint32_t run, const Address&)> throttled;  // a visit now meets a refusal
    std::function<int64_t()> unix_ms;                             // the worker's clock
  };
  SimHost(const SimWorlds& worlds, double pace, uint64_t seed, Hooks hooks)
      : worlds_(worlds), pace_(pace), random_(seed), hooks_(std::move(hooks)) {}

  // Works for a moment: at most so many indices of each job. Batches it made.
  size_t Work(WorkerSession& session, MonoTime now);
  // What it probes at for a run, at most; 0 while it has nothing to or must not.
  double RateOf(uint32_t run) const;
  // For all of them.
  double rate() const;
  // Whether it keeps to an opt-out, has jobs of a run at all, or such as would begin a target now,
  // at whatever rate.
  bool Excludes(const Address& address) const { return opt_outs_->Contains(address); }
  bool Has(uint32_t run) const;
  bool Begins(uint32_t run) const;
  size_t jobs_done() const { return jobs_.size() - jobs_with_work(); }

  Status StartJob(const proto::Job& job, uint64_t cursor, uint64_t end,
                  std::shared_ptr<const RangeSet> targets) override;
  void HoldJob(const JobKey& key, bool hold) override;
  uint64_t TrimJob(const JobKey& key, uint64_t new_end) override;
  void DropJob(const JobKey& key) override;
  void FinishStarted() override { finishing_ = true; }
  size_t open_targets() const override { return 0; }
  size_t jobs_with_work() const override;
  size_t run_jobs_with_work(uint32_t run) const override;
  void SetRate(double probes_per_second) override;
  void SetShares(const RunShares& shares, double total) override;
  void Exclude(std::shared_ptr<const ExclusionFilter> opt_outs) override;
  void CancelJob(const JobKey& key) override { jobs_.erase(key); }
  void FillLoad(proto::WorkerLoad* load) const override { load->set_applied_pps(rate_); }

 private:
  struct Running {
    proto::Job job;
    uint64_t next = 0;
    uint64_t end = 0;
    bool held = false;
    ExclusionFilter exclusions;  // the job's own
  };
  bool Excluded(const Running& running, const Address& address) const;

  void MakePayload(const Running& running, uint64_t to, MonoTime now, proto::BatchPayload* payload);
  void Visit(const Running& running, const std::string& address, MonoTime now,
             proto::HostObservation* host);
  void Knock(const Running& running, uint64_t index, proto::SweepResult* sweep);

  const SimWorlds& worlds_;
  const double pace_;
  Random random_;
  const Hooks hooks_;
  std::map<JobKey, Running> jobs_;
  double rate_ = 0;                  // of all runs together
  std::optional<RunShares> shares_;  // nullopt: of a coordinator that knows none
  std::shared_ptr<const ExclusionFilter> opt_outs_ = std::make_shared<const ExclusionFilter>();
  bool finishing_ = false;
};

}  // namespace hark::sim

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
    std::function<bool(const Address&)> throttled;  // a visit now meets a refusal
    std::function<int64_t()> unix_ms;               // the worker's clock
  };
  SimHost(const SimWorld& world, double pace, uint64_t seed, Hooks hooks)
      : world_(world), pace_(pace), random_(seed), hooks_(std::move(hooks)) {}

  // Works for a moment: at most so many indices of each job. Batches it made.
  size_t Work(WorkerSession& session, MonoTime now);
  // Its share of the rate while it may probe, 0 while it has nothing to or must not.
  double rate() const;

  Status StartJob(const proto::Job& job, uint64_t cursor, uint64_t end,
                  std::shared_ptr<const RangeSet> targets) override;
  void HoldJob(const JobKey& key, bool hold) override;
  uint64_t TrimJob(const JobKey& key, uint64_t new_end) override;
  void DropJob(const JobKey& key) override;
  void FinishStarted() override { finishing_ = true; }
  size_t open_targets() const override { return 0; }
  size_t jobs_with_work() const override;
  void SetRate(double probes_per_second) override { rate_ = probes_per_second; }
  void FillLoad(proto::WorkerLoad* load) const override { load->set_applied_pps(rate_); }

 private:
  struct Running {
    proto::Job job;
    uint64_t next = 0;
    uint64_t end = 0;
    bool held = false;
  };

  void MakePayload(const Running& running, uint64_t to, MonoTime now, proto::BatchPayload* payload);
  void Visit(const std::string& address, MonoTime now, proto::HostObservation* host);

  const SimWorld& world_;
  const double pace_;
  Random random_;
  const Hooks hooks_;
  std::map<JobKey, Running> jobs_;
  double rate_ = 0;
  bool finishing_ = false;
};

}  // namespace hark::sim

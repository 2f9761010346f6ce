#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tests/sim/fleet_simulation.h"

namespace hark::sim {

// The hosts behind a simulated worker: makes contiguous batches at a seeded pace, as the job runner
// does.
class SimHost final : public JobHost {
 public:
  using Probed = std::function<bool(uint64_t plan_index)>;  // false: the prober died of it
  using Throttled = std::function<bool(const Address&)>;    // a visit now meets a refusal
  SimHost(const RunState& truth, std::set<Address> listeners, uint64_t seed, Probed probed,
          Throttled throttled);

  // Works for a moment: at most so many indices of each job.
  void Work(WorkerSession& session, MonoTime now);

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

  bool MakePayload(const Running& running, uint64_t to, MonoTime now, proto::BatchPayload* payload);
  void Visit(const std::string& address, MonoTime now, proto::HostObservation* host);

  const RunState& truth_;
  const std::set<Address> listeners_;
  Random random_;
  const Probed probed_;
  const Throttled throttled_;
  std::map<JobKey, Running> jobs_;
  double rate_ = 0;
  bool finishing_ = false;
};

}  // namespace hark::sim

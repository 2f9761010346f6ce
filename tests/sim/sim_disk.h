#pragma once

// The coordinator's disk. Submitted items wait; Sync makes them durable in order; a crash forgets
// what waits, or keeps a part that nobody was told of. What is durable is checked as it becomes
// so:
//
//   every plan index is open in exactly one job or done in exactly one
//   the ledger of a job counts what its cursor has passed
//   every host is counted once, every retry comes once, in order and in time

#include <map>
#include <string>
#include <vector>

#include "coordinator/committer.h"
#include "tests/sim/sim_world.h"

namespace hark::sim {

class FleetWatch;

class SimDisk final : public CommitQueue {
 public:
  SimDisk(const SimWorld& world, const FleetOptions& options);
  void Watch(FleetWatch* watch) { watch_ = watch; }

  void Submit(CommitItem item) override;
  std::vector<uint64_t> TakeDurable() override { return std::exchange(durable_, {}); }

  void Sync(size_t items);
  size_t waiting() const { return waiting_.size(); }
  void Crash(size_t survivors);
  // The coordinator's wall clock jumped: back-offs may end early when it starts again.
  void ClockJumped() { clock_jumped_ = true; }

  proto::RunRow run;
  std::map<uint32_t, proto::JobRow> jobs;
  std::vector<Address> listeners;
  std::map<uint32_t, std::vector<Address>> revisits;  // by list
  std::vector<StoredRevisit> all_revisits;            // in the order they became durable
  struct Recorded {
    uint32_t rounds = 0;  // visits after the first
    int64_t not_before_ms = 0;
    proto::PortRow row;
  };
  std::map<Address, Recorded> recorded;
  std::vector<std::string> broken;  // what must never happen, and did

 private:
  void Apply(CommitItem& item);
  void ApplyJob(const proto::JobRow& job);
  void Count(const proto::JobRow& job, int sign);
  void Record(const proto::HostObservation& host, uint32_t round);

  const SimWorld& world_;
  const int64_t backoff_ms_;
  FleetWatch* watch_ = nullptr;
  std::vector<CommitItem> waiting_;
  std::vector<uint64_t> durable_;
  std::vector<int> holders_;  // of each plan index: jobs that have it open or have done it
  std::vector<uint64_t> touched_;
  bool clock_jumped_ = false;
};

// When a host was visited, whatever the worker's clock said.
std::string TrueTime(MonoTime now);
int64_t TrueTimeOf(const proto::PortObservation& port);

}  // namespace hark::sim

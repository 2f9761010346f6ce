#pragma once

// What is durable of one run, checked as it becomes so:
//
//   every plan index is open in exactly one job or done in exactly one
//   what a sweep saw of an index is told once, and fits the world
//   the ledger of a job counts what its cursor has passed
//   an audit leaves nothing but its own row, and finds honest workers of one mind
//   every host is counted once, every retry comes once, in order and in time

#include <map>
#include <string>
#include <vector>

#include "coordinator/committer.h"
#include "tests/sim/sim_world.h"

namespace hark::sim {

class SimStore {
 public:
  SimStore(const SimWorld& world, const FleetOptions& options);

  // The rows of one write; hosts may be moved out.
  void Apply(const CommitItem& item);
  // The coordinator's wall clock jumped: back-offs may end early when it starts again.
  void ClockJumped() { clock_jumped_ = true; }

  struct Recorded {
    uint32_t rounds = 0;  // visits after the first
    int64_t not_before_ms = 0;
    bool excluded = false;  // as it opted out: it was not visited, or not again
    proto::PortRow row;
  };
  struct Content {
    proto::RunRow run;
    std::map<uint32_t, proto::JobRow> jobs;
    std::vector<Address> listeners;
    std::map<uint32_t, std::vector<Address>> revisits;  // by list
    std::vector<StoredRevisit> all_revisits;            // in the order they became durable
    std::map<Address, Recorded> recorded;
    std::map<uint64_t, TargetState> swept;  // what is told of each plan index
    std::vector<int> holders;  // of each plan index: jobs that have it open or have done it
  };
  Content is;
  const SimWorld& world() const { return world_; }
  std::vector<std::string> broken;  // what must never happen, and did

 private:
  void ApplyJob(const proto::JobRow& job);
  void Count(const proto::JobRow& job, int sign);
  void Record(const proto::HostObservation& host, uint32_t round);

  const SimWorld& world_;
  const int64_t backoff_ms_;
  std::vector<uint64_t> touched_;
  bool clock_jumped_ = false;
};

// When a host was visited, whatever the worker's clock said.
std::string TrueTime(MonoTime now);
int64_t TrueTimeOf(const proto::PortObservation& port);

}  // namespace hark::sim

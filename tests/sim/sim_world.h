#pragma once

// What is true in a simulated history: the plan, who listens behind which address, who is
// throttled and how. Nobody in the fleet sees it but the hosts; the checks do.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/address.h"
#include "base/random.h"
#include "coordinator/plan.h"
#include "tests/sim/fleet_options.h"

namespace hark::sim {

// The ways to be throttled.
enum class Throttle : uint8_t {
  kNone,
  kForAWhile,     // for the run's first minutes
  kForOneWorker,  // for worker 0, always
  kForEver,
};

class SimWorld {
 public:
  // number: of the run, from 1.
  SimWorld(const FleetOptions& options, uint32_t number, Random& random);

  Throttle ThrottleOf(const Address& address) const;
  // Whether a visit of that worker meets a refusal.
  bool Throttled(size_t worker, const Address& address, Duration since_start) const;
  // Nobody lives to tell what is there.
  bool Kills(uint64_t index) const { return poison_ == index; }
  bool listens(uint64_t index) const { return listens_[index]; }

  proto::RunRow run;
  RangeSet target_set;
  std::vector<proto::JobRow> first_jobs;
  std::vector<Address> target;  // by plan index
  std::set<Address> listeners;

 private:
  const FleetOptions options_;
  const std::optional<uint64_t> poison_;  // of the first run
  std::vector<bool> listens_;
  std::map<Address, Throttle> throttled_;
};

// By run, from 1.
using SimWorlds = std::vector<std::unique_ptr<SimWorld>>;

}  // namespace hark::sim

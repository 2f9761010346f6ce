#include <algorithm>

#include "base/random.h"
#include "tests/sim/fleet_options.h"

namespace hark::sim {

using std::chrono::minutes;
using std::chrono::seconds;

FleetOptions ShortHistory(uint64_t seed) {
  Random random(Mix64(seed) ^ 0x5eed);
  const auto sometimes = [&](double share) { return random.Unit() < share; };
  const auto between = [&](double low, double high) { return low + (high - low) * random.Unit(); };
  FleetOptions options;
  options.seed = seed;
  options.workers = 1 + random.Below(4);
  options.expected_workers = sometimes(0.5) ? options.workers : 1;
  options.targets = 60 + random.Below(240);
  options.sweep_job = 20 + random.Below(80);
  options.listener_share = between(0.02, 0.3);
  options.pace = between(0.03, 0.3);
  options.loss = sometimes(0.6) ? between(0.005, 0.05) : 0;
  options.duplication = sometimes(0.5) ? between(0.005, 0.05) : 0;
  options.worker_deaths_every = sometimes(0.6) ? between(4, 30) : 0;
  options.coordinator_deaths_every = sometimes(0.6) ? between(4, 30) : 0;
  options.partitions_every = sometimes(0.5) ? between(4, 30) : 0;
  options.disk_stalls_every = sometimes(0.4) ? between(3, 15) : 0;
  options.clock_jumps_every = sometimes(0.3) ? between(3, 15) : 0;
  options.drains_every = sometimes(0.2) ? between(5, 20) : 0;
  options.trouble = seconds(10 + random.Below(30));
  options.patience = minutes(20);
  options.max_messages = 60'000;
  options.min_sweep_tail = sometimes(0.7) ? 4 : 2048;
  options.min_grab_tail = sometimes(0.7) ? 2 : 16;
  if (sometimes(0.5)) options.credit_bytes = 100 + random.Below(900);
  if (sometimes(0.4)) options.spool_quota_bytes = 100 + random.Below(900);
  if (sometimes(0.3)) {
    options.throttled_share = between(0.1, 0.6);
    options.throttled_for_one = false;
    options.throttle_backoff_ms = 2000 + static_cast<int64_t>(random.Below(4000));
    // A wrong date survives a restart: back-offs end early, which is the operator's clock's doing.
    options.coordinator_clock_jumps = false;
  }
  if (sometimes(0.05)) options.poison = random.Below(options.targets);
  if (sometimes(0.3)) options.audit = sometimes(0.3) ? 1 : between(0.05, 0.5);
  if (sometimes(0.3)) {
    options.runs = 2 + random.Below(2);
    options.targets = std::max<uint64_t>(40, options.targets / options.runs);
    if (options.poison) options.poison = random.Below(options.targets);
  }
  if (sometimes(0.2)) options.old_workers = sometimes(0.3) ? 1 : between(0.2, 0.6);
  if (sometimes(0.3)) options.opt_outs_every = between(2, 15);
  if (sometimes(0.3)) options.changes_every = between(1, 8);
  if (sometimes(0.15)) options.cancels_every = between(10, 40);
  if (sometimes(0.2)) options.pressure_every = between(4, 15);
  options.limits_stay = sometimes(0.3);
  return options;
}

FleetOptions Undisturbed(FleetOptions options) {
  options.loss = options.duplication = 0;
  options.worker_deaths_every = options.coordinator_deaths_every = options.partitions_every = 0;
  options.disk_stalls_every = options.clock_jumps_every = options.drains_every = 0;
  options.opt_outs_every = options.changes_every = options.cancels_every = 0;
  options.pressure_every = 0;
  return options;
}

}  // namespace hark::sim

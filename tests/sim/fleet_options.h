#pragma once

// What a simulated history is made of and what came of it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace hark::sim {

inline constexpr uint32_t kThrottleRetries = 3;

struct FleetOptions {
  uint64_t seed = 1;
  size_t workers = 3;
  size_t expected_workers = 3;
  uint64_t targets = 3000;
  uint64_t sweep_job = 0;  // targets a SWEEP job; 0 = as the plan slices them
  double listener_share = 0.02;
  // Of the moments in which a job moves on. A run then lasts minutes, and the trouble falls into
  // it.
  double pace = 0.3;
  // Of every message.
  double loss = 0.02;
  double duplication = 0.02;
  // Every so many seconds of virtual time on average, 0 = never.
  double worker_deaths_every = 20;
  double coordinator_deaths_every = 40;
  double partitions_every = 30;
  double disk_stalls_every = 0;  // nothing becomes durable for a while
  // Says that it has synced and has not: half of the coordinator's deaths are power cuts, and take
  // what it promised last.
  bool disk_lies = false;
  double clock_jumps_every = 0;  // somebody's wall clock, by up to an hour either way
  double drains_every = 0;       // SIGTERM to a worker
  bool coordinator_clock_jumps = true;
  Duration trouble = std::chrono::seconds(150);  // faults stop after it
  // Virtual time after the trouble in which a run must end.
  Duration patience = std::chrono::minutes(60);
  uint64_t max_messages = 2'000'000;  // a storm of them is a failure too
  std::optional<uint64_t> poison;     // whoever probes this plan index dies
  // Of the listeners: throttled, each in one of the ways of Throttle.
  double throttled_share = 0;
  bool throttled_for_one = true;
  int64_t throttle_backoff_ms = 60'000;
  // Tight ones bring the rules that live at the limits into short histories.
  uint64_t credit_bytes = 4 << 20;
  uint64_t spool_quota_bytes = 256 << 20;
  double audit = 0;        // share of the targets that a second worker repeats
  size_t runs = 1;         // of so many targets each, at once
  double old_workers = 0;  // share of the workers that know no orders (minor 1)
  // What the operator does while the trouble lasts. Then he lets everything go on.
  double opt_outs_every = 0;  // a few addresses of a run
  double changes_every = 0;   // pauses, weights, ceilings, windows, limits of a run, the ceiling
  double cancels_every = 0;   // a run
  double pressure_every = 0;  // the disk is full for a while
  bool limits_stay = false;   // the last limits are not taken back
  uint64_t min_sweep_tail = 2048;
  uint64_t min_grab_tail = 16;
};

// A short history: a few hundred targets, each kind of trouble and each tight limit there or not
// and as strong as the seed says, so that rare combinations are not drowned in the usual ones.
FleetOptions ShortHistory(uint64_t seed);
// The same without any trouble.
FleetOptions Undisturbed(FleetOptions options);

struct FleetOutcome {
  bool finished = false;
  std::vector<std::string> broken;
  uint64_t probes = 0;  // of plan indices, repeats included
  uint64_t revisits = 0;
  uint64_t early_visits = 0;  // to throttled hosts, before their back-off was over
  std::string digest;         // over what is known of every host
  uint64_t messages = 0;
  uint64_t coordinator_deaths = 0;
  uint64_t worker_deaths = 0;
  uint64_t forgotten = 0;  // items that a lying disk had called durable
  uint64_t audited = 0, audits_left_out = 0;
  uint64_t opt_outs = 0, kept_out = 0;  // addresses; those of them that nobody visited
  uint64_t changes = 0, cancelled = 0;  // of runs
  uint64_t shares_unknown = 0;          // restarts after which shares may sum to too much
  uint64_t trims = 0, splits = 0, left_out = 0, innocent_left_out = 0;
  double virtual_seconds = 0;
};

}  // namespace hark::sim

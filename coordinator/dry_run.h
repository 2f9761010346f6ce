#pragma once

// What a plan would mean before anything is sent: how its targets are spread, how hard any one
// network would be knocked at, how long it would take.

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "coordinator/geo.h"
#include "coordinator/plan.h"

namespace hark {

struct SpreadPart {
  std::string name;  // "192.0.0.0/16", "AS64496"
  uint64_t addresses = 0;
};

struct DryRun {
  uint64_t ranges = 0;
  uint64_t blocks24 = 0;          // /24s with a target
  uint64_t blocks16 = 0;          // /16s with a target
  uint64_t ases = 0;              // 0 without geo data
  uint64_t without_as = 0;        // addresses in no AS the geo data knows
  std::vector<SpreadPart> top16;  // the most addresses first
  std::vector<SpreadPart> top_ases;
  // Most knocks at any one /24 within any second and any ten: of the run's own order, sent evenly
  // at the rate. Several workers take parts of that order at once, which are as uneven.
  uint64_t burst_1s = 0;
  uint64_t burst_10s = 0;
  uint64_t burst_of = 0;  // the targets, from the first, that were looked at for that
  Duration sweep{};       // 0 without a gate
  Duration grab{};        // with this share of listeners and so many connections a host
};

struct DryRunOptions {
  double rate = 150;             // connection attempts a second
  double listener_share = 0.01;  // of the targets that are knocked at
  size_t top = 10;
  uint64_t most_looked_at = 50'000'000;  // some seconds
};

// Connections to one host: one a port, and up to three more for the other keys of an SSH server.
uint64_t ConnectionsAHost(const proto::RunRow& run);

DryRun TryOut(const Plan& plan, const GeoTable& geo, const DryRunOptions& options);

}  // namespace hark

#pragma once

// The flags that say what a run surveys (hark scan, hark run create), and the plan they mean.

#include <optional>
#include <string>
#include <vector>

#include "cli/probe_flags.h"
#include "coordinator/geo.h"
#include "coordinator/opt_outs.h"
#include "coordinator/plan.h"

namespace hark {

struct PlanWishes {
  std::string targets;
  std::string country;  // of hark run create, several with commas
  std::string geo;
  ClosedWishes closed;
  uint16_t gate_port = 25;
  ProbeWishes probe;
  uint32_t concurrency = 500;
  std::string run;
  std::string seed;
  uint32_t probes = 1;
  std::string recheck = "1%";
  uint32_t canary_ports = 2;
  uint32_t throttle_retries = 3;
  uint32_t throttle_backoff_ms = 60000;
};
// Without concurrency, which hangs on the rate.
std::vector<Flag> PlanFlags(PlanWishes& wishes);
Status CheckPlan(PlanWishes& wishes, const ParsedFlags& parsed);

// An empty table for "".
Result<GeoTable> LoadGeo(const std::string& path);
// Of a store that may not be there yet; makes none.
Result<OptOuts> ReadOptOuts(const std::string& db);
// kInvalidInput when there is none: a mistyped --db must not become a store of its own.
Status CheckStoreThere(const std::string& db);
// Reads the target and exclusion files. country: one, or "" for targets. geo: of wishes.geo.
// opt_outs: the store's.
Result<Plan> PlanOf(const PlanWishes& wishes, const std::string& country, const GeoTable& geo,
                    const OptOuts& opt_outs);

}  // namespace hark

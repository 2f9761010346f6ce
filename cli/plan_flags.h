#pragma once

// The flags that say what a run surveys (hark scan, hark run create), and the plan they mean.

#include <optional>
#include <string>
#include <vector>

#include "cli/plan_sources.h"
#include "cli/probe_flags.h"
#include "coordinator/geo.h"
#include "coordinator/opt_outs.h"
#include "coordinator/plan.h"

namespace hark {

struct PlanWishes {
  SourceWishes from;
  std::string country;  // codes, several with commas: a run each
  std::string region;   // "CC-REGION", of that one country
  std::string city;     // of country or region
  std::string asn;      // several with commas
  std::string geo;      // files, several with commas
  ClosedWishes closed;
  std::string opt_out_file;
  uint16_t gate_port = 25;
  ProbeWishes probe;
  uint32_t concurrency = 500;
  std::string run;
  std::string seed;
  uint32_t probes = 1;
  std::string recheck = "1%";
  bool adapt = false;
  uint32_t canary_ports = 2;
  uint32_t throttle_retries = 3;
  uint32_t throttle_backoff_ms = 60000;
};
// Without concurrency, which hangs on the rate. country becomes codes, whatever names it has.
std::vector<Flag> PlanFlags(PlanWishes& wishes);
Status CheckPlan(PlanWishes& wishes, const ParsedFlags& parsed);

// An empty table for "".
Result<GeoTable> LoadGeo(const std::string& path);
// Of a store that may not be there yet; makes none.
Result<OptOuts> ReadOptOuts(const std::string& db);
// kInvalidInput when there is none: a mistyped --db must not become a store of its own.
Status CheckStoreThere(const std::string& db);
// No stranger is visited without a --contact: kInvalidInput.
Status CheckStrangers(const PlanWishes& wishes, const Plan& plan);
// Reads the target and exclusion files, asks for names. country: one, or "" for targets and for
// ASes of any. geo: of wishes.geo. opt_outs: the store's.
Result<Plan> PlanOf(const PlanWishes& wishes, const std::string& country, const GeoTable& geo,
                    const OptOuts& opt_outs);

}  // namespace hark

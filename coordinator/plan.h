#pragma once

// A run's immutable definition: which addresses, which ports, in what order, how politely. Made
// once, stored before anything is sent, and found again by the same command.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/address_set.h"
#include "base/range_set.h"
#include "base/status.h"
#include "proto/store.pb.h"
#include "storage/run_order.h"

namespace hark {

// The names each address was a target by, sorted.
using NamedTargets = std::map<Address, std::vector<std::string>>;

struct PlanOptions {
  std::string country;            // "" for a list
  RangeSet sources;               // what was asked for
  std::vector<Address> sources6;  // the same of IPv6: one by one, any order
  NamedTargets names;             // sources that are there because of a name
  // What the command named instead of their addresses: the same command resumes its run though the
  // DNS has other answers meanwhile.
  std::vector<std::string> asked_names;
  AddressSet exclusions;  // what must not be touched, special ranges included
  AddressSet special;     // those of the exclusions that are special ranges: for the reasons only
  AddressSet opt_outs;    // whose owners asked to be left out (coordinator/opt_outs.h)
  uint64_t opt_outs_version = 0;
  std::string source;  // for people, e.g. "country NA from geo.csv"
  std::string geo_source;
  std::vector<proto::GeoSource> geo_sources;  // what each file of it is
  uint16_t gate_port = 25;                    // 0 = visit every target
  std::vector<uint16_t> ports = {22, 25, 110, 143, 443, 587, 993};
  proto::ProbePolicy policy;
  uint64_t seed = 0;
};

struct Plan {
  proto::RunRow run;  // without id, name and times
  RangeSet targets;
  RangeSet left_out;              // of the IPv4 sources
  std::vector<Address> targets6;  // ascending, distinct
  NamedTargets names;             // of targets only
};

// kInvalidInput when nothing is left to scan.
Result<Plan> MakePlan(const PlanOptions& options);

// 16 bytes each. Decode refuses what is not ascending IPv6 addresses.
std::string EncodeTargets6(const std::vector<Address>& targets);
Result<std::vector<Address>> DecodeTargets6(std::string_view bytes);

// The exclusions of a run, as stored in it and sent with its jobs.
Result<AddressSet> ExclusionsOf(const proto::RunRow& run);

// Second check, with the plan in hand again: kCorruption if a target is among the exclusions.
Status CheckTargets(const proto::RunRow& run, const RangeSet& targets,
                    const std::vector<Address>& targets6);

// SWEEP jobs over the IPv4 targets, or GRAB_TARGETS jobs without a gate and for IPv6. Sizes follow
// the run's: a small run still has enough jobs for several workers, a large one few enough to keep
// in memory.
std::vector<proto::JobRow> FirstJobs(const proto::RunRow& run);
// Indices of each SWEEP job of them; the last one may have fewer.
uint64_t SweepJobSize(const proto::RunRow& run);

}  // namespace hark

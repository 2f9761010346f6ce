#include "coordinator/plan.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/permutation.h"
#include "base/random.h"
#include "base/strings.h"
#include "keys/key_id.h"

namespace hark {
namespace {

constexpr uint64_t kMaxSweepJob = 1 << 16;  // 7 minutes at 150 probes/s
constexpr uint64_t kMinSweepJob = 1 << 10;
constexpr uint64_t kWantedSweepJobs = 64;  // enough for a dozen workers to end together
constexpr uint64_t kTargetsPerVisitJob = 256;
// Every job carries them, and a message to a worker is at most 4 MiB.
constexpr size_t kMaxExclusions = 200'000;

// What must be equal for a command to continue a run instead of starting another. Opt-outs are left
// out of it: they may grow between a run's start and its resumption.
std::string PlanHash(const PlanOptions& options) {
  ByteWriter out;
  out.String32(options.country);
  out.String32(Sha256(options.sources.Minus(options.exclusions).Encode()));
  out.U32(options.gate_port);
  for (const uint16_t port : options.ports) out.U32(port);
  const std::string exclusions = options.exclusions.Encode();
  for (size_t i = 0; i < exclusions.size(); i += 8) out.String32(exclusions.substr(i, 8));
  return Sha256(out.str());
}

}  // namespace

Result<Plan> MakePlan(const PlanOptions& options) {
  Plan plan;
  const RangeSet closed = options.exclusions.Union(options.opt_outs);
  plan.targets = options.sources.Minus(closed);
  if (plan.targets.empty()) {
    if (options.sources.empty()) return InvalidInput("there are no targets");
    return InvalidInput(StrCat("nothing is left to scan: all ",
                               WithThousands(options.sources.size()),
                               " addresses are excluded; --allow_special=PREFIX opens private or "
                               "loopback ranges"));
  }
  if (closed.ranges().size() > kMaxExclusions) {
    return InvalidInput(StrCat("more than ", WithThousands(kMaxExclusions),
                               " separate exclusions; merge some prefixes"));
  }
  const std::string encoded = plan.targets.Encode();
  proto::RunRow& run = plan.run;
  run.set_country(options.country);
  run.set_target_set(Sha256(encoded));
  run.set_planned(plan.targets.size());
  run.set_excluded(options.sources.size() - plan.targets.size());
  run.set_seed(options.seed);
  run.set_permutation_version(kPermutationVersion);
  run.set_gate_port(options.gate_port);
  for (const uint16_t port : options.ports) run.add_ports(port);
  *run.mutable_policy() = options.policy;
  const std::string exclusions = closed.Encode();
  for (size_t i = 0; i < exclusions.size(); i += 8) run.add_exclusions(exclusions.substr(i, 8));
  run.set_source(options.source);
  run.set_geo_source(options.geo_source);
  *run.mutable_geo_sources() = {options.geo_sources.begin(), options.geo_sources.end()};
  run.set_exclusions_version(options.opt_outs_version);
  run.set_plan_hash(PlanHash(options));
  return plan;
}

Result<RangeSet> ExclusionsOf(const proto::RunRow& run) {
  std::string encoded;
  for (const std::string& range : run.exclusions()) encoded += range;
  std::optional<RangeSet> set = RangeSet::Decode(encoded);
  if (!set) return Corruption("the run's exclusions are unreadable");
  return std::move(*set);
}

uint64_t PermutationKey(const proto::RunRow& run) {
  ByteWriter out;
  out.U64(run.seed());
  out.Bytes(run.target_set());
  return ByteReader(Sha256(out.str())).U64();
}

std::vector<proto::JobRow> FirstJobs(const proto::RunRow& run) {
  const bool gated = run.gate_port() != 0;
  const uint64_t size =
      gated ? std::clamp(run.planned() / kWantedSweepJobs, kMinSweepJob, kMaxSweepJob)
            : kTargetsPerVisitJob;
  std::vector<proto::JobRow> jobs;
  for (uint64_t base = 0; base < run.planned(); base += size) {
    proto::JobRow& job = jobs.emplace_back();
    job.set_id(static_cast<uint32_t>(jobs.size()));
    job.set_kind(gated ? proto::JobRow::SWEEP : proto::JobRow::GRAB_TARGETS);
    job.set_base(base);
    job.set_cursor(base);
    job.set_end(std::min(base + size, run.planned()));
  }
  return jobs;
}

}  // namespace hark

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

// What must be equal for a command to continue a run instead of starting another.
std::string PlanHash(const proto::RunRow& run) {
  ByteWriter out;
  out.String32(run.country());
  out.String32(run.target_set());
  out.U32(run.gate_port());
  for (const uint32_t port : run.ports()) out.U32(port);
  for (const std::string& range : run.exclusions()) out.String32(range);
  return Sha256(out.str());
}

}  // namespace

Result<Plan> MakePlan(const PlanOptions& options) {
  Plan plan;
  plan.targets = options.sources.Minus(options.exclusions);
  if (plan.targets.empty()) {
    if (options.sources.empty()) return InvalidInput("there are no targets");
    return InvalidInput(StrCat("nothing is left to scan: all ",
                               WithThousands(options.sources.size()),
                               " addresses are excluded; --allow_special=PREFIX opens private or "
                               "loopback ranges"));
  }
  if (options.exclusions.ranges().size() > kMaxExclusions) {
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
  const std::string exclusions = options.exclusions.Encode();
  for (size_t i = 0; i < exclusions.size(); i += 8) run.add_exclusions(exclusions.substr(i, 8));
  run.set_source(options.source);
  run.set_geo_source(options.geo_source);
  run.set_plan_hash(PlanHash(run));
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

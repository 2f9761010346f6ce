#include "coordinator/plan.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/distinct.h"
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
constexpr size_t kMaxExclusionBytes = 2'000'000;
constexpr size_t kAddress6Bytes = 16;

// What must be equal for a command to continue a run instead of starting another. Opt-outs are left
// out of it: they may grow between a run's start and its resumption.
std::string PlanHash(const PlanOptions& options) {
  ByteWriter out;
  out.String32(options.country);
  out.String32(Sha256(options.sources.Minus(options.exclusions.v4()).Encode()));
  out.U32(options.gate_port);
  for (const uint16_t port : options.ports) out.U32(port);
  const bool other = !options.sources6.empty() || !options.asked_names.empty();
  const AddressSet exclusions = other ? options.exclusions : options.exclusions.v4();
  for (const std::string& span : exclusions.Encode()) out.String32(span);
  if (!other) return Sha256(out.str());
  out.String32(Sha256(EncodeTargets6(Distinct(options.sources6))));
  std::vector<std::string> names = options.asked_names;
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) out.String32(name);
  return Sha256(out.str());
}

// What the plan's sources are beside those the names stand for.
PlanOptions WithoutNamed(PlanOptions options) {
  std::vector<Range> named;
  for (const auto& [address, names] : options.names) {
    if (address.is_v4()) named.push_back({address.v4(), address.v4()});
  }
  options.sources = options.sources.Minus(RangeSet(std::move(named)));
  std::erase_if(options.sources6, [&](const Address& a) { return options.names.contains(a); });
  return options;
}

struct Sources {
  RangeSet v4;
  std::vector<Address> v6;

  uint64_t size() const { return v4.size() + v6.size(); }
  Sources Minus(const AddressSet& closed) const {
    Sources out{v4.Minus(closed.v4()), v6};
    std::erase_if(out.v6, [&](const Address& address) { return closed.Contains(address); });
    return out;
  }
};

void SetExcluded(const PlanOptions& options, const Sources& sources, const Sources& targets,
                 proto::RunRow* run) {
  const uint64_t without_special = sources.Minus(options.special).size();
  const uint64_t without_listed = sources.Minus(options.exclusions).size();
  run->set_excluded(sources.size() - targets.size());
  run->set_excluded_special(sources.size() - without_special);
  run->set_excluded_listed(without_special - without_listed);
  run->set_excluded_opted_out(without_listed - targets.size());
}

Status NothingLeft(uint64_t sources) {
  if (sources == 0) return InvalidInput("there are no targets");
  return InvalidInput(StrCat("nothing is left to scan: all ", WithThousands(sources),
                             " addresses are excluded; --allow_special=PREFIX opens private or "
                             "loopback ranges"));
}

void AddJobs(proto::JobRow::Kind kind, uint64_t from, uint64_t to, uint64_t size,
             std::vector<proto::JobRow>* jobs) {
  for (uint64_t base = from; base < to; base += size) {
    proto::JobRow& job = jobs->emplace_back();
    job.set_id(static_cast<uint32_t>(jobs->size()));
    job.set_kind(kind);
    job.set_base(base);
    job.set_cursor(base);
    job.set_end(std::min(base + size, to));
  }
}

}  // namespace

Result<Plan> MakePlan(const PlanOptions& options) {
  const AddressSet closed = options.exclusions.Union(options.opt_outs);
  const Sources sources{options.sources, Distinct(options.sources6)};
  Sources targets = sources.Minus(closed);
  if (targets.size() == 0) return NothingLeft(sources.size());
  // Of IPv6 only where there is some: the rest of its space is a matter of course.
  const AddressSet sent = targets.v6.empty() ? closed.v4() : closed;
  if (sent.wire_bytes() > kMaxExclusionBytes) {
    return InvalidInput(StrCat("more separate exclusions than ", WithThousands(kMaxExclusionBytes),
                               " bytes hold; merge some prefixes"));
  }
  Plan plan;
  proto::RunRow& run = plan.run;
  run.set_country(options.country);
  run.set_target_set(Sha256(targets.v4.Encode()));
  if (!targets.v6.empty()) run.set_targets6(Sha256(EncodeTargets6(targets.v6)));
  run.set_targets6_count(targets.v6.size());
  run.set_planned(targets.size());
  SetExcluded(options, sources, targets, &run);
  run.set_seed(options.seed);
  run.set_permutation_version(kPermutationVersion);
  run.set_gate_port(options.gate_port);
  for (const uint16_t port : options.ports) run.add_ports(port);
  *run.mutable_policy() = options.policy;
  for (std::string& span : sent.Encode()) run.add_exclusions(std::move(span));
  run.set_source(options.source);
  run.set_geo_source(options.geo_source);
  *run.mutable_geo_sources() = {options.geo_sources.begin(), options.geo_sources.end()};
  run.set_exclusions_version(options.opt_outs_version);
  run.set_plan_hash(PlanHash(WithoutNamed(options)));
  for (const auto& [address, names] : options.names) {
    if (!closed.Contains(address)) plan.names.emplace(address, names);
  }
  run.set_names(plan.names.size());
  plan.left_out = sources.v4.Minus(targets.v4);
  if (!plan.left_out.empty()) run.set_left_out(Sha256(plan.left_out.Encode()));
  plan.targets = std::move(targets.v4);
  plan.targets6 = std::move(targets.v6);
  return plan;
}

std::string EncodeTargets6(const std::vector<Address>& targets) {
  std::string out;
  out.reserve(targets.size() * kAddress6Bytes);
  for (const Address& target : targets) out += target.bytes();
  return out;
}

Result<std::vector<Address>> DecodeTargets6(std::string_view bytes) {
  std::vector<Address> out;
  if (bytes.size() % kAddress6Bytes != 0) return Corruption("the IPv6 targets are unreadable");
  for (size_t i = 0; i < bytes.size(); i += kAddress6Bytes) {
    out.push_back(*Address::FromBytes(bytes.substr(i, kAddress6Bytes)));
    if (out.size() > 1 && !(out[out.size() - 2] < out.back())) {
      return Corruption("the IPv6 targets are out of order");
    }
  }
  return out;
}

Result<AddressSet> ExclusionsOf(const proto::RunRow& run) {
  const Result<AddressSet> set = AddressSet::Decode(run.exclusions());
  if (!set.ok()) return Corruption("the run's exclusions are unreadable");
  return set;
}

Status CheckTargets(const proto::RunRow& run, const RangeSet& targets,
                    const std::vector<Address>& targets6) {
  HARK_ASSIGN_OR_RETURN(const AddressSet exclusions, ExclusionsOf(run));
  const bool closed6 = std::any_of(targets6.begin(), targets6.end(), [&](const Address& address) {
    return exclusions.Contains(address);
  });
  if (!closed6 && targets.Intersect(exclusions.v4()).empty()) return Status::Ok();
  return Corruption("targets are among the exclusions");
}

namespace {

uint64_t Swept(const proto::RunRow& run) {
  return run.gate_port() != 0 ? run.planned() - run.targets6_count() : 0;
}

}  // namespace

uint64_t SweepJobSize(const proto::RunRow& run) {
  return std::clamp(Swept(run) / kWantedSweepJobs, kMinSweepJob, kMaxSweepJob);
}

std::vector<proto::JobRow> FirstJobs(const proto::RunRow& run) {
  const uint64_t swept = Swept(run);
  std::vector<proto::JobRow> jobs;
  AddJobs(proto::JobRow::SWEEP, 0, swept, SweepJobSize(run), &jobs);
  AddJobs(proto::JobRow::GRAB_TARGETS, swept, run.planned(), kTargetsPerVisitJob, &jobs);
  return jobs;
}

}  // namespace hark

#include "cli/plan_flags.h"

#include <filesystem>

#include "base/random.h"
#include "base/special_ranges.h"
#include "base/strings.h"
#include "cli/geo_targets.h"
#include "coordinator/targets.h"

namespace hark {
namespace {

constexpr uint32_t kMaxThrottleRetries = 5;
constexpr uint32_t kMaxBackoffMs = 900'000;

Result<RangeSet> ReadList(const std::vector<std::string>& pieces, std::string_view flag) {
  RangeSet all;
  for (const std::string& piece : pieces) {
    Result<RangeSet> set = ReadTargets(piece);
    if (!set.ok()) return set.status().Prepend(StrCat("--", flag));
    all = all.Union(*set);
  }
  return all;
}

Result<uint64_t> CountStrangers(const RangeSet& targets) {
  HARK_ASSIGN_OR_RETURN(const RangeSet special, SpecialExclusions(RangeSet()));
  return targets.Minus(special).size();
}

proto::ProbePolicy WholePolicy(const PlanWishes& wishes) {
  proto::ProbePolicy policy = PolicyOf(wishes.probe);
  policy.set_concurrency(wishes.concurrency);
  policy.set_throttle_retries(wishes.throttle_retries);
  policy.set_throttle_backoff_ms(wishes.throttle_backoff_ms);
  return policy;
}

}  // namespace

std::vector<Flag> PlanFlags(PlanWishes& w) {
  return AllFlags(
      {{{"targets", Text(&w.targets, "FILE|CIDR,…"),
         "addresses, prefixes, ranges or files of them; - is stdin"},
        {"country", Text(&w.country, "CC|NAME"), "the addresses of a country; needs --geo"},
        {"region", Text(&w.region, "CC-REGION"), "only a region of it, e.g. IE-D"},
        {"city", Text(&w.city, "NAME"), "only a city of it"},
        {"asn", Text(&w.asn, "AS64496,…"), "the addresses of these ASes, or those of the country"},
        {"geo", Text(&w.geo, "FILE[,FILE]"),
         "geo data of any kind that hark geo info knows; also tells each host's AS"},
        {"gate_port", Number(&w.gate_port, 0, 65535, "PORT"),
         "visit only hosts that listen here; 0 visits every target"},
        {"run", Text(&w.run, "NAME"), "the run's name; default CC-YYYYMMDD"},
        {"seed", Text(&w.seed, "N"), "of the probe order; default random"},
        {"throttle_retries", Number(&w.throttle_retries, 0, kMaxThrottleRetries, "N"),
         "visits to a host that said we come too often, after the first"},
        {"throttle_backoff_ms", Number(&w.throttle_backoff_ms, 1000, kMaxBackoffMs, "MS"),
         "before the first of them; doubles with each"}},
       ClosedFlags(w.closed),
       ProbeFlags(w.probe)});
}

Status CheckPlan(PlanWishes& w, const ParsedFlags& parsed) {
  HARK_RETURN_IF_ERROR(CheckGeoTargets(w));
  if (!w.seed.empty() && !ParseUint(w.seed)) return InvalidInput("--seed is not a whole number");
  return CheckProbes(w.probe, parsed);
}

Result<GeoTable> LoadGeo(const std::string& path) {
  if (path.empty()) return GeoTable();
  Result<GeoTable> loaded = GeoTable::Load(path);
  if (!loaded.ok()) return loaded.status().Prepend("--geo");
  return loaded;
}

Status CheckStoreThere(const std::string& db) {
  std::error_code error;
  if (std::filesystem::exists(db + "/CURRENT", error)) return Status::Ok();
  return InvalidInput(StrCat("--db: no hark store in '", db, "'; hark run create makes one"));
}

Result<OptOuts> ReadOptOuts(const std::string& db) {
  std::error_code error;
  if (!std::filesystem::exists(db + "/CURRENT", error)) return OptOuts();
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(db, Store::Mode::kReadOnly));
  return LoadOptOuts(*store);
}

Result<Plan> PlanOf(const PlanWishes& wishes, const std::string& country, const GeoTable& geo,
                    const OptOuts& opt_outs) {
  PlanOptions plan;
  if (AsksGeo(wishes)) {
    HARK_ASSIGN_OR_RETURN(plan.sources, GeoTargets(wishes, country, geo));
  } else {
    Result<RangeSet> sources = ReadTargets(wishes.targets);
    if (!sources.ok()) return sources.status().Prepend("--targets");
    plan.sources = std::move(*sources);
  }
  HARK_ASSIGN_OR_RETURN(const RangeSet allowed,
                        ReadList(wishes.closed.allow_special, "allow_special"));
  Result<RangeSet> special = SpecialExclusions(allowed);
  if (!special.ok()) return special.status().Prepend("--allow_special");
  HARK_ASSIGN_OR_RETURN(const RangeSet excluded, ReadList(wishes.closed.exclude, "exclude"));
  plan.exclusions = special->Union(excluded);
  plan.opt_outs = opt_outs.addresses;
  plan.opt_outs_version = opt_outs.version;
  HARK_ASSIGN_OR_RETURN(const uint64_t strangers,
                        CountStrangers(plan.sources.Minus(plan.exclusions)));
  HARK_RETURN_IF_ERROR(CheckContact(wishes.probe.contact, strangers));
  plan.country = country;
  // Kept as text for people: a file name may be any bytes.
  plan.source =
      AsksGeo(wishes) ? GeoTargetsText(wishes, country) : EscapeForDisplay(wishes.targets);
  plan.geo_source = EscapeForDisplay(wishes.geo);
  plan.geo_sources = geo.sources();
  plan.gate_port = wishes.gate_port;
  plan.ports = wishes.probe.ports;
  plan.policy = WholePolicy(wishes);
  plan.seed = wishes.seed.empty() ? SecureU64() : *ParseUint(wishes.seed);
  return MakePlan(plan);
}

}  // namespace hark

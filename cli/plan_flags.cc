#include "cli/plan_flags.h"

#include <filesystem>

#include "base/random.h"
#include "base/special_ranges.h"
#include "base/strings.h"
#include "coordinator/run_settings.h"
#include "coordinator/targets.h"

namespace hark {
namespace {

constexpr uint32_t kMaxThrottleRetries = 5;
constexpr uint32_t kMaxBackoffMs = 900'000;
constexpr uint32_t kMaxProbes = 10;  // as a worker has it
constexpr uint32_t kMaxCanaryPorts = 4;

Result<RangeSet> ReadList(const std::vector<std::string>& pieces, std::string_view flag) {
  RangeSet all;
  for (const std::string& piece : pieces) {
    Result<RangeSet> set = ReadTargets(piece);
    if (!set.ok()) return set.status().Prepend(StrCat("--", flag));
    all = all.Union(*set);
  }
  return all;
}

Result<RangeSet> SourcesOf(const PlanWishes& wishes, const std::string& country,
                           const GeoTable& geo) {
  if (country.empty()) {
    Result<RangeSet> sources = ReadTargets(wishes.targets);
    return sources.ok() ? sources : sources.status().Prepend("--targets");
  }
  RangeSet sources = geo.Country(country);
  if (!sources.empty()) return sources;
  return InvalidInput(StrCat("--country: no '", EscapeForDisplay(country), "' in ", wishes.geo,
                             "; it has ", Join(geo.Countries(), " ")));
}

Result<uint64_t> CountStrangers(const RangeSet& targets) {
  HARK_ASSIGN_OR_RETURN(const RangeSet special, SpecialExclusions(RangeSet()));
  return targets.Minus(special).size();
}

proto::ProbePolicy WholePolicy(const PlanWishes& wishes) {
  proto::ProbePolicy policy = PolicyOf(wishes.probe);
  policy.set_concurrency(wishes.concurrency);
  policy.set_probes(wishes.probes);
  const Result<double> recheck = ParseShare(wishes.recheck);  // CheckPlan has seen it
  policy.set_recheck(recheck.ok() ? *recheck : 0);
  // Without a gate a host was asked for by name.
  policy.set_canary_ports(wishes.gate_port == 0 ? 0 : wishes.canary_ports);
  policy.set_throttle_retries(wishes.throttle_retries);
  policy.set_throttle_backoff_ms(wishes.throttle_backoff_ms);
  return policy;
}

}  // namespace

std::vector<Flag> PlanFlags(PlanWishes& w) {
  return AllFlags(
      {{{"targets", Text(&w.targets, "FILE|CIDR,…"),
         "addresses, prefixes, ranges or files of them; - is stdin"},
        {"country", Text(&w.country, "CC"), "the addresses of a country; needs --geo"},
        {"geo", Text(&w.geo, "FILE"), "prefix,country,asn lines; also tells each host's AS"},
        {"gate_port", Number(&w.gate_port, 0, 65535, "PORT"),
         "visit only hosts that listen here; 0 visits every target"},
        {"probes", Number(&w.probes, 1, kMaxProbes, "N"),
         "SYNs to a target that stays silent, a second apart and more"},
        {"recheck", Text(&w.recheck, "N%"),
         "share of the silent targets that a SYN is sent to once more, for the loss estimate"},
        {"canary_ports", Number(&w.canary_ports, 0, kMaxCanaryPorts, "N"),
         "odd ports tried on listeners that answer on every port: who answers there, too, is "
         "tagged"},
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
  if (w.targets.empty() == w.country.empty()) {
    return InvalidInput("give either --targets or --country");
  }
  if (!w.country.empty()) {
    w.country = AsciiUpper(w.country);
    if (w.geo.empty()) return InvalidInput("--country needs --geo=FILE to know its addresses");
  }
  if (!w.seed.empty() && !ParseUint(w.seed)) return InvalidInput("--seed is not a whole number");
  HARK_RETURN_IF_ERROR(ParseShare(w.recheck).status().Prepend("--recheck"));
  return CheckProbes(w.probe, parsed);
}

Result<GeoTable> LoadGeo(const std::string& path) {
  if (path.empty()) return GeoTable();
  Result<GeoTable> loaded = GeoTable::Load(path);
  return loaded.ok() ? loaded : loaded.status().Prepend("--geo");
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
  HARK_ASSIGN_OR_RETURN(plan.sources, SourcesOf(wishes, country, geo));
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
  plan.source = country.empty() ? EscapeForDisplay(wishes.targets) : StrCat("country ", country);
  plan.geo_source = EscapeForDisplay(wishes.geo);
  plan.gate_port = wishes.gate_port;
  plan.ports = wishes.probe.ports;
  plan.policy = WholePolicy(wishes);
  plan.seed = wishes.seed.empty() ? SecureU64() : *ParseUint(wishes.seed);
  return MakePlan(plan);
}

}  // namespace hark

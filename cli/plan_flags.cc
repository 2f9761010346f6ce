#include "cli/plan_flags.h"

#include <algorithm>
#include <filesystem>

#include "base/random.h"
#include "base/special_ranges.h"
#include "base/strings.h"
#include "cli/geo_targets.h"
#include "coordinator/run_settings.h"
#include "coordinator/targets.h"

namespace hark {
namespace {

constexpr uint32_t kMaxThrottleRetries = 5;
constexpr uint32_t kMaxBackoffMs = 900'000;
constexpr uint32_t kMaxProbes = 10;  // as a worker has it
constexpr uint32_t kMaxCanaryPorts = 4;

Result<AddressSet> ReadList(const std::vector<std::string>& pieces, std::string_view flag) {
  AddressSet all;
  for (const std::string& piece : pieces) {
    Result<AddressSet> set = ReadAddresses(piece);
    if (!set.ok()) return set.status().Prepend(StrCat("--", flag));
    all = all.Union(*set);
  }
  return all;
}

Result<uint64_t> CountStrangers(const Plan& plan) {
  HARK_ASSIGN_OR_RETURN(const RangeSet special, SpecialExclusions(RangeSet()));
  return plan.targets.Minus(special).size() +
         static_cast<uint64_t>(
             std::count_if(plan.targets6.begin(), plan.targets6.end(), IsGlobalAddress));
}

std::string SourceText(const PlanWishes& wishes) {
  if (wishes.from.from_run.empty()) return EscapeForDisplay(wishes.from.targets);
  const std::string run = "run " + EscapeForDisplay(wishes.from.from_run);
  return wishes.from.targets.empty() ? run
                                     : StrCat(EscapeForDisplay(wishes.from.targets), ", ", run);
}

proto::ProbePolicy WholePolicy(const PlanWishes& wishes) {
  proto::ProbePolicy policy = PolicyOf(wishes.probe);
  policy.set_concurrency(wishes.concurrency);
  policy.set_probes(wishes.probes);
  const Result<double> recheck = ParseShare(wishes.recheck);  // CheckPlan has seen it
  policy.set_recheck(recheck.ok() ? *recheck : 0);
  policy.set_adapt(wishes.adapt);
  // Without a gate a host was asked for by name.
  policy.set_canary_ports(wishes.gate_port == 0 ? 0 : wishes.canary_ports);
  policy.set_throttle_retries(wishes.throttle_retries);
  policy.set_throttle_backoff_ms(wishes.throttle_backoff_ms);
  return policy;
}

}  // namespace

std::vector<Flag> PlanFlags(PlanWishes& w) {
  return AllFlags(
      {{{"targets", Text(&w.from.targets, "FILE|CIDR|NAME,…"),
         "addresses, prefixes, ranges, names or files of them; - is stdin"},
        {"from_run", Text(&w.from.from_run, "NAME[@DB]"), "the hosts that answered in a run"},
        {"resolver", Text(&w.from.resolver, "ADDR:PORT"), "asked for names; default the machine's"},
        {"opt_out_file", Text(&w.opt_out_file, "FILE"),
         "who asked to be left out; becomes part of the store's opt-outs"},
        {"country", Text(&w.country, "CC|NAME,…"),
         "a country's addresses; of several a run each; needs --geo"},
        {"region", Text(&w.region, "CC-REGION"), "only a region of it, e.g. IE-D"},
        {"city", Text(&w.city, "NAME"), "only a city of it"},
        {"asn", Text(&w.asn, "AS64496,…"), "the addresses of these ASes, or those of the country"},
        {"geo", Text(&w.geo, "FILE[,FILE]"),
         "geo data of any kind that hark geo info knows; also tells each host's AS"},
        {"gate_port", Number(&w.gate_port, 0, 65535, "PORT"),
         "visit only hosts that listen here; 0 visits every target"},
        {"probes", Number(&w.probes, 1, kMaxProbes, "N"),
         "SYNs to a target that stays silent, a second apart and more"},
        {"recheck", Text(&w.recheck, "N%"),
         "share of the silent targets that a SYN is sent to once more, for the loss estimate"},
        {"adapt", Switch(&w.adapt), "go slower while the rechecks say that answers get lost"},
        {"canary_ports", Number(&w.canary_ports, 0, kMaxCanaryPorts, "N"),
         "odd ports tried on listeners that answer on every port: who answers there, too, is "
         "tagged"},
        {"run", Text(&w.run, "NAME"),
         "the run's name, of several countries NAME-CC each; default CC-YYYYMMDD"},
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
  const Result<double> recheck = ParseShare(w.recheck);
  HARK_RETURN_IF_ERROR(recheck.status().Prepend("--recheck"));
  if (w.adapt && *recheck == 0) {
    return InvalidInput("--adapt goes by what rechecks find, and --recheck=0 makes none");
  }
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
  PlanSources sources;
  if (AsksGeo(wishes)) {
    HARK_ASSIGN_OR_RETURN(sources.v4, GeoTargets(wishes, country, geo));
  } else {
    HARK_ASSIGN_OR_RETURN(sources, ReadSources(wishes.from));
  }
  plan.sources = std::move(sources.v4);
  plan.sources6 = std::move(sources.v6);
  plan.names = std::move(sources.names);
  plan.asked_names = std::move(sources.asked_names);
  HARK_ASSIGN_OR_RETURN(const AddressSet allowed,
                        ReadList(wishes.closed.allow_special, "allow_special"));
  Result<AddressSet> special = SpecialExclusionsOf(allowed);
  if (!special.ok()) return special.status().Prepend("--allow_special");
  HARK_ASSIGN_OR_RETURN(const AddressSet excluded, ReadList(wishes.closed.exclude, "exclude"));
  plan.exclusions = special->Union(excluded);
  plan.special = std::move(*special);
  plan.opt_outs = OptOutsUnder(opt_outs, geo);
  plan.opt_outs_version = opt_outs.version;
  plan.country = country;
  // Kept as text for people: a file name may be any bytes.
  plan.source = AsksGeo(wishes) ? GeoTargetsText(wishes, country) : SourceText(wishes);
  plan.geo_source = EscapeForDisplay(wishes.geo);
  plan.geo_sources = geo.sources();
  plan.gate_port = wishes.gate_port;
  plan.ports = wishes.probe.ports;
  plan.policy = WholePolicy(wishes);
  plan.seed = wishes.seed.empty() ? SecureU64() : *ParseUint(wishes.seed);
  return MakePlan(plan);
}

Status CheckStrangers(const PlanWishes& wishes, const Plan& plan) {
  HARK_ASSIGN_OR_RETURN(const uint64_t strangers, CountStrangers(plan));
  return CheckContact(wishes.probe.contact, strangers);
}

}  // namespace hark

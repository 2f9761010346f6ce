#include "cli/run_create_command.h"

#include <cstdio>

#include "base/strings.h"
#include "base/time.h"
#include "cli/control_client.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/geo_targets.h"
#include "cli/opt_out_add.h"
#include "cli/output.h"
#include "cli/plan_flags.h"
#include "cli/settings_flags.h"
#include "coordinator/plan_file.h"
#include "coordinator/run_changes.h"
#include "coordinator/run_registry.h"
#include "coordinator/run_settings.h"
#include "storage/store.h"

namespace hark {
namespace {

constexpr char kName[] = "hark run create";

struct CreateOptions {
  std::string db;
  PlanWishes plan;
  SettingsWishes settings;
  std::string audit = "0";
  bool concurrency_given = false;
};

FlagSet MakeFlags(CreateOptions& o) {
  FlagSet flags(
      kName, "plan a run, or one for each country, for hark serve to work on",
      AllFlags({{{"db", Text(&o.db, "DIR"), "the store; made when missing", true}},
                PlanFlags(o.plan),
                {{"concurrency", Number(&o.plan.concurrency, 1, 100'000, "N"),
                  "sockets open at once for it, each worker; default what its rate needs"},
                 {"audit", Text(&o.audit, "SHARE"),
                  "of the targets that a second worker repeats, e.g. 0.5%"}},
                SettingsFlags(o.settings)}));
  flags.SetExamples({
      "hark run create --db=out/db --country=NA,BW,ZA --geo=geo.csv --contact=me@example.org",
      "hark run create --db=out/db --targets=hosts.txt --contact=me@example.org --rate=50 "
      "--window='Mon-Fri 22:00-06:00' --only=region=eu*",
  });
  return flags;
}

void Announce(const proto::RunRow& run, const std::string& name, const char* what) {
  std::fprintf(stderr, "run %s: %s targets, %s excluded, %s; %s\n", name.c_str(),
               WithThousands(run.planned()).c_str(), WithThousands(run.excluded()).c_str(),
               run.gate_port() == 0 ? "no gate" : StrCat("gate port ", run.gate_port()).c_str(),
               what);
}

Status HandOver(ControlClient& client, const std::string& db, const Plan& plan,
                const std::string& name) {
  proto::ControlRequest request;
  proto::CreateRun& create = *request.mutable_create_run();
  HARK_ASSIGN_OR_RETURN(*create.mutable_plan(), WritePlanFile(db, plan));
  create.set_name(name);
  *create.mutable_settings() = plan.run.settings();
  HARK_ASSIGN_OR_RETURN(const proto::ControlReply reply, client.Ask(std::move(request)));
  Announce(plan.run, reply.run(), "the coordinator works on it");
  return WriteOutput("", reply.run() + "\n");
}

Status WriteAtRest(Store& store, const Plan& plan, const std::string& name) {
  HARK_ASSIGN_OR_RETURN(const OpenedRun opened,
                        OpenRun(store, plan, name, SystemClock().UnixMillis()));
  if (opened.resumed) {
    return InvalidInput(StrCat("run ", opened.run.name(), " has this very plan already"));
  }
  Announce(opened.run, opened.run.name(), "no coordinator runs; hark serve will take it up");
  return WriteOutput("", opened.run.name() + "\n");
}

// Sockets follow from the rate it may come to have.
Status SetConcurrency(CreateOptions& o, ControlClient* client) {
  if (o.concurrency_given) return Status::Ok();
  double rate = o.settings.rate > 0 ? o.settings.rate : PaceWishes().rate;
  if (o.settings.rate == 0 && client != nullptr) {
    HARK_ASSIGN_OR_RETURN(const proto::FleetStatus status, client->GetStatus("", 0));
    rate = status.probes_per_second();
  }
  o.plan.concurrency = ConcurrencyFor(rate, o.plan.probe.connect_timeout_ms);
  return Status::Ok();
}

Status CreateAll(CreateOptions o) {
  const std::vector<std::string> countries = CountriesOf(o.plan);
  if (countries.size() > 1 && !o.plan.run.empty()) {
    return InvalidInput("--run names one run, --country several; leave --run out");
  }
  HARK_ASSIGN_OR_RETURN(proto::RunSettings settings, SettingsOf(o.settings));
  const Result<double> audit = ParseShare(o.audit);
  if (!audit.ok()) return audit.status().Prepend("--audit");
  settings.set_audit(*audit);
  HARK_ASSIGN_OR_RETURN(const GeoTable geo, LoadGeo(o.plan.geo));
  o.plan.from.db = o.db;
  HARK_RETURN_IF_ERROR(TakeOptOutFile(o.db, o.plan.opt_out_file, geo));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client, ControlClient::Connect(o.db));
  HARK_RETURN_IF_ERROR(SetConcurrency(o, client.get()));
  HARK_ASSIGN_OR_RETURN(const OptOuts opt_outs, ReadOptOuts(o.db));
  // All plans before the first run: a mistake in the last country makes none.
  std::vector<Plan> plans;
  for (const std::string& country : countries) {
    HARK_ASSIGN_OR_RETURN(Plan plan, PlanOf(o.plan, country, geo, opt_outs));
    HARK_RETURN_IF_ERROR(CheckStrangers(o.plan, plan));
    *plan.run.mutable_settings() = settings;
    plans.push_back(std::move(plan));
  }
  std::unique_ptr<Store> store;
  if (client == nullptr) {
    HARK_ASSIGN_OR_RETURN(store, Store::Open(o.db, Store::Mode::kReadWrite));
  }
  for (const Plan& plan : plans) {
    HARK_RETURN_IF_ERROR(client != nullptr ? HandOver(*client, o.db, plan, o.plan.run)
                                           : WriteAtRest(*store, plan, o.plan.run));
  }
  return Status::Ok();
}

}  // namespace

int RunRunCreate(const std::vector<std::string>& args) {
  CreateOptions options;
  const FlagSet flags = MakeFlags(options);
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  options.concurrency_given = parsed->given.contains("concurrency");
  const Status checked = CheckPlan(options.plan, *parsed);
  return Fail(kName, checked.ok() ? CreateAll(std::move(options)) : checked);
}

}  // namespace hark

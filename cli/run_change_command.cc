#include "cli/run_change_command.h"

#include <cstdio>
#include <functional>

#include "base/strings.h"
#include "cli/control_client.h"
#include "cli/exit_code.h"
#include "cli/obedience_flag.h"
#include "cli/output.h"
#include "cli/plan_flags.h"
#include "cli/probe_flags.h"
#include "cli/settings_flags.h"
#include "coordinator/run_changes.h"
#include "storage/store.h"

namespace hark {
namespace {

struct ChangeOptions {
  std::string db;
  WaitWish wait;
};

// What is to become of a run with these settings.
using Wish = std::function<Result<proto::ChangeRun>(const proto::RunSettings& now)>;

Status ChangeAtRest(const std::string& db, const std::string& name, const Wish& wish) {
  HARK_RETURN_IF_ERROR(CheckStoreThere(db));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(db, Store::Mode::kReadWrite));
  Result<proto::RunRow> run = store->FindRun(name);
  if (!run.ok()) return InvalidInput(run.status().message());
  if (run->state() == proto::RunRow::DONE) return InvalidInput(StrCat("run ", name, " is done"));
  HARK_ASSIGN_OR_RETURN(const proto::ChangeRun change, wish(run->settings()));
  HARK_ASSIGN_OR_RETURN(*run->mutable_settings(), SettingsAfter(run->settings(), change));
  const std::unique_ptr<StoreWrite> write = store->NewWrite();
  write->PutRun(*run);
  HARK_RETURN_IF_ERROR(store->Commit(*write, true));
  return WriteOutput("",
                     StrCat("run ", name, ": written; no coordinator runs, the next obeys it\n"));
}

Result<proto::RunSettings> SettingsNow(ControlClient& client, const std::string& name) {
  HARK_ASSIGN_OR_RETURN(const proto::FleetStatus status, client.GetStatus(name, 0));
  for (const proto::RunStatus& run : status.runs()) {
    if (run.name() == name) return run.settings();
  }
  return proto::RunSettings();  // the coordinator will say that there is no such run
}

Status Change(const ChangeOptions& options, const std::string& name, const Wish& wish) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client,
                        ControlClient::Connect(options.db));
  if (client == nullptr) return ChangeAtRest(options.db, name, wish);
  HARK_ASSIGN_OR_RETURN(const proto::RunSettings now, SettingsNow(*client, name));
  proto::ControlRequest request;
  HARK_ASSIGN_OR_RETURN(*request.mutable_change_run(), wish(now));
  request.mutable_change_run()->set_run(name);
  HARK_ASSIGN_OR_RETURN(const proto::ControlReply reply, client->Ask(std::move(request)));
  return TellObedience(*client, StrCat("run ", name), reply.orders_version(), 0, options.wait);
}

Flag DbFlag(std::string* db) {
  return {"db", Text(db, "DIR"), "the store", true};
}

int RunChange(const std::string& command, const std::string& summary,
              const std::vector<std::string>& args, proto::ChangeRun::State state) {
  ChangeOptions options;
  FlagSet flags(command, summary, AllFlags({{DbFlag(&options.db)}, WaitFlags(options.wait)}));
  flags.SetPositional({"RUN"});
  flags.SetExamples({command + " --db=out/db NA-20261122"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(command, parsed.status());
  if (parsed->help) return Fail(command, WriteOutput("", flags.Help()));
  return Fail(command, Change(options, parsed->positional.at(0),
                              [&](const proto::RunSettings&) -> Result<proto::ChangeRun> {
                                proto::ChangeRun change;
                                change.set_state(state);
                                return change;
                              }));
}

}  // namespace

int RunRunPause(const std::vector<std::string>& args) {
  return RunChange("hark run pause", "no new connection for a run until it is resumed", args,
                   proto::ChangeRun::PAUSE);
}

int RunRunResume(const std::vector<std::string>& args) {
  return RunChange("hark run resume", "let a paused run go on", args, proto::ChangeRun::RESUME);
}

int RunRunCancel(const std::vector<std::string>& args) {
  return RunChange("hark run cancel", "end a run for good; what it found stays", args,
                   proto::ChangeRun::CANCEL);
}

int RunRunSet(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark run set";
  ChangeOptions options;
  SettingsWishes wishes;
  FlagSet flags(kName, "change a run's rate, weight, limits or windows while it goes on",
                AllFlags({{DbFlag(&options.db)}, SettingsFlags(wishes), WaitFlags(options.wait)}));
  flags.SetPositional({"RUN"});
  flags.SetExamples({"hark run set --db=out/db --rate=500 --weight=2 NA-20261122"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  return Fail(kName, Change(options, parsed->positional.at(0), [&](const proto::RunSettings& now) {
                return ChangeOf(wishes, *parsed, now);
              }));
}

int RunFleetRate(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark fleet rate";
  ChangeOptions options;
  double rate = 0;
  FlagSet flags(
      kName, "change the rate of all runs together, until a coordinator is started with another",
      AllFlags(
          {{DbFlag(&options.db),
            {"rate", Decimal(&rate, 0.1, 10'000'000, "N"), "connection attempts a second", true}},
           WaitFlags(options.wait)}));
  flags.SetExamples({"hark fleet rate --db=out/db --rate=2000"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  const auto set = [&]() -> Status {
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client,
                          ControlClient::Connect(options.db));
    if (client == nullptr) return InvalidInput("no coordinator runs; give hark serve --rate");
    proto::ControlRequest request;
    request.mutable_set_fleet_rate()->set_probes_per_second(rate);
    HARK_ASSIGN_OR_RETURN(const proto::ControlReply reply, client->Ask(std::move(request)));
    return TellObedience(*client, "rate", reply.orders_version(), 0, options.wait);
  };
  return Fail(kName, set());
}

}  // namespace hark

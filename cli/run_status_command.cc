#include "cli/run_status_command.h"

#include <cstdio>
#include <thread>

#include "base/strings.h"
#include "base/time.h"
#include "cli/control_client.h"
#include "cli/control_file.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/status_json.h"
#include "cli/status_text.h"
#include "cli/status_watch.h"
#include "cli/store_status.h"

namespace hark {
namespace {

constexpr char kName[] = "hark run status";
constexpr uint32_t kMostJobs = 10'000;

struct StatusOptions {
  std::string db;
  std::string run;
  std::string format = "text";
  uint32_t jobs = 8;
  bool watch = false;
};

// Of the coordinator, when one can be asked; a run it does not have is done, or not its own.
Result<proto::FleetStatus> StatusNow(const StatusOptions& options) {
  HARK_ASSIGN_OR_RETURN(const CoordinatorPlace place, FindCoordinator(options.db));
  if (place.runs && !place.endpoint.empty()) {
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client,
                          ControlClient::Connect(options.db));
    if (client != nullptr) {
      HARK_ASSIGN_OR_RETURN(proto::FleetStatus live, client->GetStatus(options.run, options.jobs));
      if (options.run.empty() || live.runs_size() > 0) return live;
    }
  }
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(options.db, Store::Mode::kReadOnly));
  proto::GetStatus what;
  what.set_run(options.run);
  what.set_max_jobs(options.jobs);
  HARK_ASSIGN_OR_RETURN(proto::FleetStatus status,
                        StatusOfStore(*store, what, SystemClock().UnixMillis()));
  if (place.runs && place.endpoint.empty()) {
    status.set_pressure(EscapeForDisplay(place.waits_for));
  } else if (!place.runs) {
    status.set_pressure("no coordinator runs");
  }
  return status;
}

Status Print(const StatusOptions& options) {
  HARK_ASSIGN_OR_RETURN(const proto::FleetStatus status, StatusNow(options));
  if (options.format == "json") return WriteOutput("", StatusJson(status).dump(2) + "\n");
  StatusLimits limits;
  limits.jobs = options.jobs;
  return WriteOutput("", StatusText(status, StyleOfStdout(), limits));
}

// Until Ctrl-C; a coordinator that is away for a while is no reason to end.
Status Watch(const StatusOptions& options) {
  StopSignals signals;
  while (signals.Count() == 0) {
    const Result<proto::FleetStatus> status = StatusNow(options);
    const std::string frame = status.ok()
                                  ? StatusFrame(*status, StyleOfStdout(), ScreenOfStdout())
                                  : FrameOf(status.status().message() + "\n", ScreenOfStdout());
    HARK_RETURN_IF_ERROR(WriteOutput("", frame));
    std::this_thread::sleep_for(kStatusEvery);
  }
  return Status::Ok();
}

}  // namespace

int RunRunStatus(const std::vector<std::string>& args) {
  StatusOptions options;
  FlagSet flags(
      kName, "how far the runs are, what each waits for, and who works on them",
      {{"db", Text(&options.db, "DIR"), "the store", true},
       {"format", Choice(&options.format, {"text", "json"}), "how to print"},
       {"jobs", Number(&options.jobs, 0, kMostJobs, "N"), "open jobs to tell of each run"},
       {"watch", Switch(&options.watch), "again every second, until Ctrl-C"}});
  flags.SetPositionalList("RUN");
  flags.SetExamples({"hark run status --db=out/db", "hark run status --db=out/db --watch",
                     "hark run status --db=out/db --format=json --jobs=1000 NA-20261122"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  if (parsed->positional.size() > 1) return Fail(kName, InvalidInput("give one RUN, or none"));
  if (!parsed->positional.empty()) options.run = parsed->positional.front();
  if (options.watch && options.format == "json") {
    return Fail(kName, InvalidInput("--watch shows text; ask again for --format=json"));
  }
  return Fail(kName, options.watch ? Watch(options) : Print(options));
}

}  // namespace hark

#include "cli/run_status_command.h"

#include <cstdio>
#include <map>
#include <thread>

#include "analysis/coverage.h"
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
#include "storage/store.h"

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

// Asks again and again over one connection.
class StatusSource {
 public:
  explicit StatusSource(const StatusOptions& options) : options_(options) {}

  // Of the coordinator, when one can be asked; a run it does not have is done, or not its own.
  Result<proto::FleetStatus> Now();

 private:
  Result<proto::FleetStatus> OfCoordinator(const CoordinatorPlace& place);
  Result<proto::FleetStatus> OfStore() const;

  const StatusOptions& options_;
  std::string endpoint_;  // of client_
  std::unique_ptr<ControlClient> client_;
};

Result<proto::FleetStatus> StatusSource::OfCoordinator(const CoordinatorPlace& place) {
  if (client_ == nullptr || endpoint_ != place.endpoint) {
    HARK_ASSIGN_OR_RETURN(client_, ControlClient::Connect(options_.db));
    endpoint_ = place.endpoint;
  }
  if (client_ == nullptr) return Unavailable("the coordinator has just left");
  Result<proto::FleetStatus> status = client_->GetStatus(options_.run, options_.jobs);
  if (!status.ok()) client_.reset();
  return status;
}

Result<proto::FleetStatus> StatusSource::OfStore() const {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(options_.db, Store::Mode::kReadOnly));
  proto::GetStatus what;
  what.set_run(options_.run);
  what.set_max_jobs(options_.jobs);
  return StatusOfStore(*store, what, SystemClock().UnixMillis());
}

Result<proto::FleetStatus> StatusSource::Now() {
  HARK_ASSIGN_OR_RETURN(const CoordinatorPlace place, FindCoordinator(options_.db));
  if (place.runs && !place.endpoint.empty()) {
    Result<proto::FleetStatus> live = OfCoordinator(place);
    if (!live.ok() || options_.run.empty() || live->runs_size() > 0) return live;
  }
  HARK_ASSIGN_OR_RETURN(proto::FleetStatus status, OfStore());
  if (!place.runs) status.set_pressure("no coordinator runs");
  if (place.runs && place.endpoint.empty()) status.set_pressure(place.waits_for);
  return status;
}

// What does not add up in the ledgers of these runs, as the store has them now; by run's name.
Result<std::map<std::string, std::vector<std::string>>> LedgerErrors(
    const std::string& db, const proto::FleetStatus& status) {
  std::map<std::string, std::vector<std::string>> out;
  if (status.runs().empty()) return out;
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(db, Store::Mode::kReadOnly));
  for (const proto::RunStatus& run : status.runs()) {
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store->ReadRun(run.name()));
    HARK_ASSIGN_OR_RETURN(Coverage coverage, ReadCoverage(*reader));
    out[run.name()] = std::move(coverage.errors);
  }
  return out;
}

Status CheckLedgers(const std::map<std::string, std::vector<std::string>>& errors) {
  for (const auto& [run, why] : errors) {
    if (!why.empty()) {
      return Corruption(StrCat("the ledger of run ", run, " does not add up: ", why.front()));
    }
  }
  return Status::Ok();
}

Status Print(const StatusOptions& options) {
  HARK_ASSIGN_OR_RETURN(const proto::FleetStatus status, StatusSource(options).Now());
  HARK_ASSIGN_OR_RETURN(const auto errors, LedgerErrors(options.db, status));
  if (options.format == "json") {
    auto json = StatusJson(status);
    for (auto& run : json["runs"]) {
      const auto ledger = errors.find(run["name"].get<std::string>());
      run["sums_to_plan"] = ledger == errors.end() || ledger->second.empty();
    }
    HARK_RETURN_IF_ERROR(WriteOutput("", json.dump(2) + "\n"));
    return CheckLedgers(errors);
  }
  StatusLimits limits;
  limits.jobs = options.jobs;
  HARK_RETURN_IF_ERROR(WriteOutput("", StatusText(status, StyleOfStdout(), limits)));
  return CheckLedgers(errors);
}

// Until Ctrl-C; a coordinator that is away for a while is no reason to end.
Status Watch(const StatusOptions& options) {
  StopSignals signals;
  StatusSource source(options);
  while (signals.Count() == 0) {
    const Result<proto::FleetStatus> status = source.Now();
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

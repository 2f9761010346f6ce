#include "cli/serve_command.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <thread>

#include "base/log.h"
#include "base/strings.h"
#include "cli/api_service.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/plan_flags.h"
#include "cli/service.h"
#include "cli/service_flags.h"
#include "cli/signals.h"
#include "coordinator/pressure.h"
#include "coordinator/run_changes.h"

namespace hark {
namespace {

constexpr char kName[] = "hark serve";
constexpr const char* kWhere = "cli/serve";
// How long workers may take to finish what is in flight; a second signal ends that.
constexpr Duration kDrainTime = std::chrono::seconds(15);
constexpr Duration kSpaceLook = std::chrono::milliseconds(500);
constexpr Duration kTendEvery = std::chrono::seconds(10);

struct ServeOptions {
  ServiceOptions service;
  std::string geo;
  ApiFlags api;  // without addresses: no API
};

// From the first opening of the store to the last signal.
class Serve {
 public:
  Serve(const ServeOptions& options, const GeoTable& geo) : options_(options), geo_(geo) {}

  // A full disk is waited out by the committer, with the store open and the fleet connected. Where
  // RocksDB cannot go on with the store, it is closed, and opened again when there is space.
  Status Run(StopSignals& signals);

 private:
  Status WithStore(StopSignals& signals);
  Result<std::vector<proto::RunRow>> OpenRuns(const Store& store) const;
  Status Work(Service& service, StopSignals& signals);
  // Threads of its own, which only read the store; ends before the store is closed.
  Result<std::unique_ptr<ApiService>> StartApi(Store& store) const;
  // False: a signal came first.
  Result<bool> WaitForSpace(StopSignals& signals) const;

  const ServeOptions& options_;
  const GeoTable& geo_;
  SystemClock clock_;
  std::optional<ControlFile> control_;
  std::unique_ptr<ApiService> api_;  // while a store is open
};

Result<std::vector<proto::RunRow>> Serve::OpenRuns(const Store& store) const {
  HARK_ASSIGN_OR_RETURN(std::vector<proto::RunRow> runs, store.Runs());
  std::erase_if(runs, [](const proto::RunRow& run) { return run.state() == proto::RunRow::DONE; });
  for (const proto::RunRow& run : runs) {
    // Newer data are better than none: licences ask for old ones to be deleted.
    const Status same = CheckSameGeo(run, geo_.sources());
    if (!geo_.empty() && !same.ok()) {
      LogWarning(kWhere, StrCat("run ", run.name(), ": ", same.message()));
    }
    if (!NeedsGeo(run) || !geo_.empty()) continue;
    return InvalidInput(StrCat("run ", run.name(), " was planned with a geo file (",
                               run.geo_source(), "); give --geo=FILE"));
  }
  return runs;
}

Result<std::unique_ptr<ApiService>> Serve::StartApi(Store& store) const {
  if (options_.api.listen.empty()) return std::unique_ptr<ApiService>();
  const std::string& db = options_.service.db;
  HARK_ASSIGN_OR_RETURN(
      std::unique_ptr<ViewKeeper> views,
      ViewKeeper::OfStore(store, db, std::chrono::seconds(options_.api.refresh_seconds)));
  Result<std::unique_ptr<ApiService>> api =
      ApiService::Start(options_.api, db, std::move(views), geo_, /*readonly=*/false);
  if (!api.ok()) return api.status().Prepend("--api");
  std::fprintf(stderr, "%s: API at %s\n", kName, (*api)->Summary().c_str());
  return api;
}

Status Serve::Work(Service& service, StopSignals& signals) {
  MonoTime tend_at = clock_.Now() + kTendEvery;
  while (signals.Count() == 0) {
    HARK_RETURN_IF_ERROR(service.Turn());
    if (api_ == nullptr || clock_.Now() < tend_at) continue;
    api_->Tend();
    tend_at = clock_.Now() + kTendEvery;
  }
  return service.Leave(kDrainTime, signals);
}

Status Serve::WithStore(StopSignals& signals) {
  const std::string& db = options_.service.db;
  Result<std::unique_ptr<Store>> store = Store::Open(db, Store::Mode::kReadWrite);
  if (!store.ok()) return store.status().Prepend("--db");
  if (!control_) {
    HARK_ASSIGN_OR_RETURN(ControlFile control, ControlFile::Hold(db));
    control_.emplace(std::move(control));
  }
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, OpenRuns(**store));
  Service service(options_.service, **store, geo_, *control_, clock_);
  Status status = service.Start(runs);
  if (status.ok()) {
    Result<std::unique_ptr<ApiService>> api = StartApi(**store);
    status = api.status();
    if (api.ok()) api_ = std::move(*api);
  }
  if (status.ok()) {
    std::fprintf(stderr, "%s: %zu open run%s, %u local worker%s; see hark run status --db=%s\n",
                 kName, runs.size(), runs.size() == 1 ? "" : "s", options_.service.workers,
                 options_.service.workers == 1 ? "" : "s", db.c_str());
    status = Work(service, signals);
  }
  api_.reset();
  if (!status.ok()) service.Abandon();
  return status;
}

Result<bool> Serve::WaitForSpace(StopSignals& signals) const {
  for (;;) {
    if (signals.Count() > 0) return false;
    HARK_ASSIGN_OR_RETURN(const DiskSpace space, SpaceAt(options_.service.db));
    HARK_ASSIGN_OR_RETURN(const uint64_t wanted,
                          ParseMinFree(options_.service.min_free_disk, space.all_bytes));
    if (space.free_bytes > wanted) return true;
    std::this_thread::sleep_for(kSpaceLook);
  }
}

Status Serve::Run(StopSignals& signals) {
  for (;;) {
    const Status status = WithStore(signals);
    if (status.code() != StatusCode::kDiskFull || !control_) return status;
    LogError(kWhere, status.message() + "; nothing acknowledged is lost, waiting for space");
    HARK_RETURN_IF_ERROR(
        control_->SayWaits("the disk is full; what was acknowledged is safe, it goes on when there "
                           "is space"));
    HARK_ASSIGN_OR_RETURN(const bool space, WaitForSpace(signals));
    if (!space) return Status::Ok();
    LogWarning(kWhere, "there is space again");
  }
}

Status ServeAll(const ServeOptions& options) {
  HARK_ASSIGN_OR_RETURN(const GeoTable geo, LoadGeo(options.geo));
  StopSignals signals;
  return Serve(options, geo).Run(signals);
}

}  // namespace

int RunServe(const std::vector<std::string>& args) {
  ServeOptions options;
  options.service.workers = 0;
  options.service.takes_runs = true;
  options.service.waits_for_space = true;
  FlagSet flags(kName, "the coordinator of a store, until it is stopped",
                AllFlags({ServiceFlags(options.service),
                          {{"geo", Text(&options.geo, "FILE[,FILE]"),
                            "geo data as of hark run create: each host's country and AS"},
                           {"api", List(&options.api.listen, "ADDR:PORT,…"),
                            "answer look-ups over HTTP, as hark api does"}},
                          ApiFlagTable(options.api, "api_")}));
  flags.SetExamples({
      "hark serve --db=out/db --listen=tcp://0.0.0.0:7170 --rate=5000 --geo=geo.csv",
      "hark serve --db=out/db --workers=2 --api=127.0.0.1:8500",
  });
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  if (!parsed->given.contains("concurrency")) {
    const uint32_t sharers = std::max<uint32_t>(options.service.workers, 1);
    options.service.pace.concurrency =
        ConcurrencyFor(options.service.pace.rate / sharers, ProbeWishes().connect_timeout_ms);
  }
  const Status checked = CheckService(options.service);
  return Fail(kName, checked.ok() ? ServeAll(options) : checked);
}

}  // namespace hark

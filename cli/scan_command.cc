#include "cli/scan_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/kept_flags.h"
#include "cli/key_file.h"
#include "cli/local_workers.h"
#include "cli/progress_line.h"
#include "cli/report_command.h"
#include "cli/scan_options.h"
#include "cli/signals.h"
#include "coordinator/coordinator.h"
#include "coordinator/run_registry.h"

namespace hark {
namespace {

constexpr Duration kTurn = std::chrono::milliseconds(50);
// How long workers may take to finish what is in flight after a Ctrl-C; a second one ends that.
constexpr Duration kDrainTime = std::chrono::seconds(15);
// After the last record is durable nothing is in flight: workers only say goodbye.
constexpr Duration kGoodbyeTime = std::chrono::seconds(2);
constexpr size_t kMaxIpcPath = 100;  // sun_path holds 108 bytes

// Every heartbeat renews a lease: ten of them are time for a lost connection to be made anew.
constexpr int kHeartbeatsPerLease = 10;
constexpr Duration kSlowestHeartbeat = std::chrono::seconds(2);

void SetLease(uint32_t seconds, DispatcherOptions& options) {
  options.lease = std::chrono::seconds(seconds);
  options.heartbeat = std::min(kSlowestHeartbeat, options.lease / kHeartbeatsPerLease);
  // Workers may take longer to find a restarted coordinator than to notice a lost connection.
  options.restart_grace = options.lease * 3 / 2;
}

// One 40-character key a line, anything behind it is a note.
Status AllowRemoteWorkers(const std::string& path, AllowedKeys& allowed) {
  HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  size_t line_number = 0, keys = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++line_number;
    line = Trim(line);
    if (line.empty() || line.starts_with("# ")) continue;
    const std::string_view key = line.substr(0, line.find_first_of(" \t"));
    if (!IsCurveKey(key)) {
      return InvalidInput(StrCat(path, ":", line_number,
                                 ": no worker key (40 characters, as "
                                 "hark-worker --keygen prints)"));
    }
    allowed.Allow(CurveKeyBytes(key));
    ++keys;
  }
  return keys > 0 ? Status::Ok() : InvalidInput(StrCat(path, ": no worker keys in it"));
}

std::string IpcEndpoint(const std::string& db) {
  const std::string path = db + "/coordinator.ipc";
  if (path.size() <= kMaxIpcPath) return "ipc://" + path;
  return StrCat("ipc://", std::filesystem::temp_directory_path().string(), "/hark-", getpid(),
                ".ipc");
}

std::string WorkerBinary(const ScanOptions& options) {
  if (!options.worker_binary.empty()) return options.worker_binary;
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "hark-worker";
}

// One scan, from an opened store to a run that is done or interrupted.
class Scan {
 public:
  Scan(const ScanOptions& options, Store& store, const GeoTable& geo, proto::RunRow run)
      : options_(options), store_(store), geo_(geo), run_(std::move(run)) {}

  Status Run(StopSignals& signals);

 private:
  Status Start();
  Status Work(StopSignals& signals);
  Status Turn();
  Status Leave(Duration patience, StopSignals& signals);
  void ShowProgress();

  const ScanOptions& options_;
  Store& store_;
  const GeoTable& geo_;
  const proto::RunRow run_;
  SystemClock clock_;
  AllowedKeys allowed_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<LocalWorkers> workers_;
  std::unique_ptr<ProgressLine> progress_;
};

Status Scan::Start() {
  CoordinatorOptions options;
  HARK_ASSIGN_OR_RETURN(options.keys, CoordinatorKeys(options_.db));
  options.endpoints = {IpcEndpoint(options_.db)};
  if (!options_.listen.empty()) options.endpoints.push_back(options_.listen);
  options.fleet_directory = options_.db + "/fleet";
  options.dispatcher.probes_per_second = options_.rate;
  SetLease(options_.lease_seconds, options.dispatcher);
  options.dispatcher.expected_workers = std::max<size_t>(options_.workers, 1);
  if (!options_.allow_workers.empty()) {
    HARK_RETURN_IF_ERROR(AllowRemoteWorkers(options_.allow_workers, allowed_));
  }
  const std::string server_key = options.keys.public_key;
  LocalWorkerOptions local;
  local.binary = WorkerBinary(options_);
  local.directory = options_.db + "/workers";
  local.endpoint = options.endpoints.front();
  local.server_public_key = server_key;
  local.count = options_.workers;
  local.concurrency = options_.concurrency;
  local.threads = options_.threads;
  HARK_ASSIGN_OR_RETURN(LocalWorkers workers, LocalWorkers::Prepare(std::move(local)));
  workers_ = std::make_unique<LocalWorkers>(std::move(workers));
  for (const std::string& key : workers_->Keys()) allowed_.Allow(key);

  HARK_ASSIGN_OR_RETURN(
      coordinator_, Coordinator::Start(store_, geo_, allowed_, {run_}, std::move(options), clock_));
  // Local workers die with their parent. Those that start again bring their spools and are asked;
  // the leases of the others are free.
  const std::vector<std::string>& known = workers_->KnownKeys();
  const std::vector<std::string>& present = workers_->Keys();
  const auto is_in = [](const std::vector<std::string>& keys, const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  coordinator_->dispatcher().ReleaseLeasesOf(
      [&](const std::string& key) { return is_in(known, key) && !is_in(present, key); });
  if (!options_.listen.empty()) {
    std::fprintf(stderr, "remote workers: coordinator = %s, server_public_key = %s\n",
                 coordinator_->endpoints().back().c_str(), server_key.c_str());
  }
  progress_ = std::make_unique<ProgressLine>(isatty(STDERR_FILENO) != 0,
                                             coordinator_->dispatcher().FindRun(run_.id())->Sum(),
                                             clock_.Now());
  return Status::Ok();
}

Status Scan::Turn() {
  HARK_RETURN_IF_ERROR(workers_->Supervise(clock_.Now()));
  HARK_RETURN_IF_ERROR(coordinator_->Step(kTurn));
  for (const std::string& key : workers_->Keys()) {
    if (coordinator_->dispatcher().HasSession(key)) workers_->Seen(key);
  }
  ShowProgress();
  return Status::Ok();
}

void Scan::ShowProgress() {
  if (options_.quiet || !progress_->Due(clock_.Now())) return;
  const Dispatcher& dispatcher = coordinator_->dispatcher();
  const std::string text =
      progress_->Update(dispatcher.FindRun(run_.id())->Sum(), dispatcher.Workers(), clock_.Now());
  std::fputs(text.c_str(), stderr);
}

Status Scan::Leave(Duration patience, StopSignals& signals) {
  coordinator_->dispatcher().Pause();
  workers_->Drain();
  const int signals_before = signals.Count();
  const MonoTime until = clock_.Now() + patience;
  while (workers_->AnyRunning() && clock_.Now() < until && signals.Count() == signals_before) {
    HARK_RETURN_IF_ERROR(Turn());
  }
  workers_->Kill();
  return coordinator_->Flush();
}

Status Scan::Run(StopSignals& signals) {
  HARK_RETURN_IF_ERROR(Start());
  Status status = Work(signals);
  std::fputs(progress_->End().c_str(), stderr);
  return status;
}

Status Scan::Work(StopSignals& signals) {
  while (!coordinator_->dispatcher().AllRunsDone() && signals.Count() == 0) {
    HARK_RETURN_IF_ERROR(Turn());
  }
  const bool done = coordinator_->dispatcher().AllRunsDone();
  HARK_RETURN_IF_ERROR(Leave(done ? kGoodbyeTime : kDrainTime, signals));
  if (coordinator_->dispatcher().AllRunsDone()) return Status::Ok();
  return {StatusCode::kInterrupted, "interrupted; the same command goes on where this one stopped"};
}

void Announce(const ScanOptions& options, const Plan& plan, const OpenedRun& opened) {
  const proto::RunRow& run = opened.run;
  std::fprintf(stderr, "run %s: %s targets, %s excluded, %s%s\n", run.name().c_str(),
               WithThousands(run.planned()).c_str(), WithThousands(run.excluded()).c_str(),
               run.gate_port() == 0 ? "no gate" : StrCat("gate port ", run.gate_port()).c_str(),
               opened.resumed ? "; resumed" : "");
  const std::string kept =
      opened.resumed ? KeptFlags(run.policy(), plan.run.policy()) : std::string();
  if (!kept.empty() && run.state() == proto::RunRow::OPEN) {
    std::fprintf(stderr, "note: the run keeps what it began with:%s\n", kept.c_str());
  }
  if (!options.quiet && !opened.resumed) {
    const double seconds = static_cast<double>(run.planned()) / options.rate;
    std::fprintf(stderr, "at %s probes/s the plan alone takes about %s\n",
                 WithThousands(static_cast<uint64_t>(options.rate)).c_str(),
                 DurationText(Duration(static_cast<int64_t>(seconds * 1e9))).c_str());
  }
}

// The name of the finished run.
Result<std::string> ScanToTheEnd(const ScanOptions& options) {
  GeoTable geo;
  if (!options.geo.empty()) {
    Result<GeoTable> loaded = GeoTable::Load(options.geo);
    if (!loaded.ok()) return loaded.status().Prepend("--geo");
    geo = std::move(*loaded);
  }
  HARK_ASSIGN_OR_RETURN(const Plan plan, PlanOf(options, geo));
  StopSignals signals;  // not before: reading stdin ends with a Ctrl-C as usual
  Result<std::unique_ptr<Store>> store = Store::Open(options.db, Store::Mode::kReadWrite);
  if (!store.ok()) return store.status().Prepend("--db");
  HARK_ASSIGN_OR_RETURN(const OpenedRun opened,
                        OpenRun(**store, plan, options.run, SystemClock().UnixMillis()));
  Announce(options, plan, opened);
  if (opened.run.state() == proto::RunRow::DONE) {
    std::fprintf(stderr, "run %s is complete already; give another --run for a new one\n",
                 opened.run.name().c_str());
    return opened.run.name();
  }
  Scan scan(options, **store, geo, opened.run);
  const Status status = scan.Run(signals);
  if (status.code() == StatusCode::kDiskFull) {
    return Status(StatusCode::kDiskFull,
                  StrCat(status.message(),
                         "; what was acknowledged is safe: free some space and "
                         "give the same command again"));
  }
  HARK_RETURN_IF_ERROR(status);
  return opened.run.name();
}

}  // namespace

int RunScan(const std::vector<std::string>& args) {
  Result<std::optional<ScanOptions>> options = ParseScanOptions(args);
  if (!options.ok()) return Fail("hark scan", options.status());
  if (!options->has_value()) return 0;
  const Result<std::string> run = ScanToTheEnd(**options);
  if (!run.ok()) return Fail("hark scan", run.status());
  if ((*options)->no_report) return 0;
  return RunReportCommand({"--db=" + (*options)->db, "--run=" + *run});
}

}  // namespace hark

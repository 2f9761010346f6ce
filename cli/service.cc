#include "cli/service.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "cli/key_file.h"
#include "worker/worker_config.h"

namespace hark {
namespace {

namespace fs = std::filesystem;

constexpr Duration kTurn = std::chrono::milliseconds(50);
constexpr Duration kTellEvery = std::chrono::seconds(1);
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

// Absolute, since whoever reads it in DB/control stands in another directory.
std::string IpcEndpoint(const std::string& db) {
  std::error_code error;
  const std::string path = fs::absolute(db, error) / "coordinator.ipc";
  if (!error && path.size() <= kMaxIpcPath) return "ipc://" + path;
  return StrCat("ipc://", fs::temp_directory_path().string(), "/hark-", getpid(), ".ipc");
}

std::string WorkerBinary(const ServiceOptions& options) {
  if (!options.worker_binary.empty()) return options.worker_binary;
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path() / "hark-worker";
}

bool IsIn(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

Result<CoordinatorOptions> Service::MakeOptions() {
  CoordinatorOptions options;
  HARK_ASSIGN_OR_RETURN(options.keys, CoordinatorKeys(options_.db));
  HARK_ASSIGN_OR_RETURN(const KeyPair operators, OperatorKeys(options_.db));
  options.operator_key = CurveKeyBytes(operators.public_key);
  options.endpoints = {IpcEndpoint(options_.db)};
  if (!options_.listen.empty()) options.endpoints.push_back(options_.listen);
  options.fleet_directory = options_.db + "/fleet";
  options.control.db = options_.db;
  options.control.takes_runs = options_.takes_runs;
  options.waits_for_space = options_.waits_for_space;
  HARK_ASSIGN_OR_RETURN(const DiskSpace disk, SpaceAt(options_.db));
  HARK_ASSIGN_OR_RETURN(options.min_free_bytes,
                        ParseMinFree(options_.min_free_disk, disk.all_bytes));
  options.dispatcher.probes_per_second = options_.pace.rate;
  SetLease(options_.lease_seconds, options.dispatcher);
  options.dispatcher.expected_workers = std::max<size_t>(options_.workers, 1);
  return options;
}

Status Service::PrepareWorkers(const CoordinatorOptions& options) {
  if (!options_.allow_workers.empty()) {
    HARK_RETURN_IF_ERROR(AllowRemoteWorkers(options_.allow_workers, allowed_));
  }
  LocalWorkerOptions local;
  local.binary = WorkerBinary(options_);
  local.directory = options_.db + "/workers";
  local.endpoint = options.endpoints.front();
  local.server_public_key = options.keys.public_key;
  local.count = options_.workers;
  local.concurrency = options_.pace.concurrency;
  local.threads = options_.pace.threads;
  local.discover = options_.discover;
  HARK_ASSIGN_OR_RETURN(local.bandwidth, ParseBandwidth(options_.bandwidth));
  HARK_ASSIGN_OR_RETURN(LocalWorkers workers, LocalWorkers::Prepare(std::move(local)));
  workers_ = std::make_unique<LocalWorkers>(std::move(workers));
  for (const std::string& key : workers_->Keys()) allowed_.Allow(key);
  return Status::Ok();
}

// Local workers die with their parent. Those that start again bring their spools and are asked; the
// leases of the others are free.
void Service::ReleaseDeadLeases() {
  const std::vector<std::string>& known = workers_->KnownKeys();
  const std::vector<std::string>& present = workers_->Keys();
  dispatcher().ReleaseLeasesOf(
      [&](const std::string& key) { return IsIn(known, key) && !IsIn(present, key); });
}

Status Service::StartTelling() {
  HARK_RETURN_IF_ERROR(SetLogFormat(options_.log_format));
  SetLogLevel(LogLevelOf(options_.log_level));
  if (options_.metrics.empty()) return Status::Ok();
  Result<std::unique_ptr<MetricsServer>> server = MetricsServer::Start(options_.metrics);
  if (!server.ok()) return server.status().Prepend("--metrics");
  metrics_ = std::move(*server);
  return Status::Ok();
}

// Numbers and news of the whole fleet.
void Service::Tell() {
  const MonoTime now = clock_.Now();
  if (now < tell_at_ || (metrics_ == nullptr && !LogEnabled(LogLevel::kInfo))) return;
  tell_at_ = now + kTellEvery;
  proto::FleetStatus status = coordinator_->TellAll();
  log_.Note(status, now);
  if (metrics_ != nullptr) metrics_->Update(std::move(status));
}

Status Service::Start(const std::vector<proto::RunRow>& runs) {
  HARK_RETURN_IF_ERROR(StartTelling());
  HARK_ASSIGN_OR_RETURN(CoordinatorOptions options, MakeOptions());
  HARK_RETURN_IF_ERROR(PrepareWorkers(options));
  const std::string server_key = options.keys.public_key;
  HARK_ASSIGN_OR_RETURN(
      coordinator_, Coordinator::Start(store_, geo_, allowed_, runs, std::move(options), clock_));
  ReleaseDeadLeases();
  HARK_RETURN_IF_ERROR(control_.SayEndpoint(coordinator_->endpoints().front()));
  if (!options_.listen.empty()) {
    std::fprintf(stderr, "remote workers: coordinator = %s, server_public_key = %s\n",
                 coordinator_->endpoints().back().c_str(), server_key.c_str());
  }
  return Status::Ok();
}

Status Service::Turn() {
  HARK_RETURN_IF_ERROR(workers_->Supervise(clock_.Now()));
  HARK_RETURN_IF_ERROR(coordinator_->Step(kTurn));
  for (const std::string& key : workers_->Keys()) {
    if (dispatcher().HasSession(key)) workers_->Seen(key);
  }
  Tell();
  Remember();
  return Status::Ok();
}

// What fails is tried again; the records it comes from are safe.
void Service::Remember() {
  if (!options_.takes_runs) return;  // hark scan does so at its end
  const Status status = remembering_.Poll(clock_.Now());
  if (!status.ok()) LogWarning("cli/service", StrCat("history: ", status.message()));
}

Status Service::Leave(Duration patience, StopSignals& signals) {
  remembering_.Stop();
  dispatcher().Pause();
  workers_->Drain();
  const int signals_before = signals.Count();
  const MonoTime until = clock_.Now() + patience;
  while (workers_->AnyRunning() && clock_.Now() < until && signals.Count() == signals_before) {
    HARK_RETURN_IF_ERROR(Turn());
  }
  workers_->Kill();
  return coordinator_->Flush();
}

void Service::Abandon() {
  if (workers_ != nullptr) workers_->Kill();
}

}  // namespace hark

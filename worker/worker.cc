#include "worker/worker.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "worker/machine_facts.h"
#include "worker/preflight.h"
#include "worker/state_lock.h"

namespace hark {
namespace {

// Batches are due, leases run out and libzmq's edges may be missed: a look at everything this often
// costs nothing measurable.
// What a coordinator puts into a GRAB job at most. With fewer leases than it takes to fill the
// sockets, slow hosts would keep most of them idle.
constexpr size_t kHostsPerGrabJob = 256;
constexpr Duration kTurn = std::chrono::milliseconds(20);
// Envelopes the socket had no room for; more are not asked for, their batches stay in the spool.
constexpr size_t kMaxQueued = 16;
// After BYE, for libzmq's I/O thread: sockets do not linger.
constexpr Duration kGoodbyeTime = std::chrono::milliseconds(200);

// Reading /proc costs more than a turn should.
constexpr Duration kMemoryLook = std::chrono::seconds(1);
// Asking the SYN thread makes it stop for whoever asks. Nothing waits for the answers.
constexpr Duration kSynLook = std::chrono::milliseconds(200);

// Half of what a coordinator puts into a GRAB job: a lease is rarely all open at once.
constexpr size_t kHostsPerLease = 128;

// A sweep is sent in a fraction of a second and then waits for answers for several: at 16,384
// targets a job and 8 s, so many leases are 500,000 SYNs a second.
constexpr size_t kSynLeases = 256;
// Sent while the next ones are asked for: at worst 150 ms apart, when there are no visits to give.
constexpr size_t kSynSweepsWanted = 4;

bool IsLocal(const WorkerConfig& config) {
  return config.coordinator.rfind("ipc://", 0) == 0;
}

// Once, at the start; a scan's own workers keep it to their logs.
// by_syn: the raw sockets are open, and the right to open more is gone.
proto::Capabilities CheckMachine(const WorkerConfig& config, bool by_syn) {
  MachineFacts facts = FindMachineFacts(config);
  if (by_syn) facts.raw_sockets = proto::Capabilities::WORKS;
  proto::Capabilities found = Judge(facts, config);
  for (const proto::Preflight& line : found.preflight()) {
    const bool fine = line.result() == proto::Preflight::PASS || IsLocal(config);
    Log(fine ? LogLevel::kInfo : LogLevel::kWarning, "worker/preflight", PreflightLine(line));
  }
  return found;
}

SessionOptions SessionOptionsOf(const WorkerConfig& config, bool by_syn) {
  SessionOptions options;
  options.name = config.name;
  options.max_parallel = config.max_parallel;
  options.max_leases =
      std::max<size_t>(options.max_leases, 2 * config.max_parallel / kHostsPerGrabJob);
  options.max_pps = config.max_pps;
  options.boot_id = SecureU64();
  options.spool_quota_bytes = config.spool_quota_mb << 20;
  options.drain_time = std::chrono::seconds(config.drain_seconds);
  // A job waits for its slowest host; meanwhile others must be able to fill all slots.
  options.max_leases =
      std::max<size_t>(options.max_leases, 2 + config.max_parallel / kHostsPerLease);
  if (by_syn) {
    options.sweeps_wanted = kSynSweepsWanted;
    options.max_leases = std::max<size_t>(options.max_leases, kSynLeases);
  }
  options.capabilities = CheckMachine(config, by_syn);
  options.region = config.region;
  options.provider = config.provider;
  options.contact = config.contact;
  options.orders_path = config.state_dir + "/orders";
  if (IsLocal(config)) options.hello_answer_time = std::chrono::seconds(1);
  return options;
}

void AddSyn(const SynStats& stats, proto::WorkerLoad* load) {
  load->set_probes_sent(load->probes_sent() + stats.sent);
  const auto add = [&](Outcome outcome, uint64_t count) {
    const auto at = static_cast<int>(outcome);
    load->set_outcomes(at, load->outcomes(at) + count);
  };
  add(Outcome::kOk, stats.answered);
  add(Outcome::kRefused, stats.refused);
  add(Outcome::kSilent, stats.silent);
  add(Outcome::kUnreachable, stats.unreachable);
}

LinkOptions LinkOptionsOf(const WorkerConfig& config) {
  LinkOptions options;
  options.dealer = {config.coordinator, config.server_public_key, config.public_key,
                    config.secret_key};
  options.seed = SecureU64();
  if (IsLocal(config)) {  // one machine, one parent: nobody to spare
    options.first_wait = std::chrono::milliseconds(100);
    options.last_wait = std::chrono::seconds(2);
  }
  return options;
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::Create(const WorkerConfig& config,
                                               SurveyMakerFactory surveys, const Clock& clock,
                                               std::unique_ptr<SynChannel> channel) {
  HARK_ASSIGN_OR_RETURN(UniqueFd lock, LockStateDirectory(config.state_dir));
  HARK_ASSIGN_OR_RETURN(auto spool, FileSpool::Open(config.state_dir + "/spool"));
  EngineOptions options;
  options.max_in_flight = config.max_parallel;
  HARK_ASSIGN_OR_RETURN(options.source, SourceOf(config));
  HARK_RETURN_IF_ERROR(CheckSource(options.source));
  HARK_ASSIGN_OR_RETURN(auto engine, MakeEngineLoop(options, config.threads, clock));
  HARK_ASSIGN_OR_RETURN(const double bandwidth, ParseBandwidth(config.bandwidth));
  engine->budget()->SetBandwidth(bandwidth);
  std::unique_ptr<SynThread> syn;
  if (channel != nullptr) {
    HARK_ASSIGN_OR_RETURN(syn, SynThread::Start(std::move(channel), engine->budget(), clock));
  }
  return std::unique_ptr<Worker>(new Worker(config, clock, std::move(lock), std::move(engine),
                                            std::move(syn), std::move(spool), std::move(surveys)));
}

Worker::Worker(const WorkerConfig& config, const Clock& clock, UniqueFd lock,
               std::unique_ptr<EngineLoop> engine, std::unique_ptr<SynThread> syn,
               std::unique_ptr<FileSpool> spool, SurveyMakerFactory surveys)
    : clock_(clock),
      lock_(std::move(lock)),
      engine_(std::move(engine)),
      syn_(std::move(syn)),
      spool_(std::move(spool)),
      targets_(config.state_dir + "/targets"),
      runner_({config.max_parallel,
               {},
               syn_ == nullptr ? nullptr : &syn_->desk(),
               config.discover == "syn"},
              *engine_, std::move(surveys), clock),
      session_(SessionOptionsOf(config, syn_ != nullptr), runner_, *spool_, targets_, SecureU64()),
      link_(LinkOptionsOf(config)) {}

Worker::~Worker() {
  if (watched_fd_ >= 0) engine_->Unwatch(watched_fd_);
}

Status Worker::Run(int signal_fd) {
  HARK_RETURN_IF_ERROR(engine_->Watch(signal_fd, [this, signal_fd] { OnSignal(signal_fd); }));
  while (!session_.finished()) {
    if (signals_ > 1) return Status(StatusCode::kInterrupted, "stopped at once");
    const MonoTime now = clock_.Now();
    HARK_RETURN_IF_ERROR(TendLink(now));
    // Asking libzmq costs a dozen system calls: not in every turn of a busy engine.
    if (bus_has_news_ || now - received_ >= kTurn) ReceiveAll(now);
    Work(now);
    engine_->RunOnce(kTurn);
  }
  SayGoodbye();
  return Status::Ok();
}

void Worker::OnSignal(int signal_fd) {
  signalfd_siginfo info{};
  while (read(signal_fd, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) ++signals_;
  if (signals_ > 0) session_.StartDrain(clock_.Now());
}

Status Worker::TendLink(MonoTime now) {
  if (session_.wants_new_link() || link_.refused()) {
    if (link_.refused()) LogWarning("worker", "the coordinator does not know this worker's key");
    CloseLink(now);
  }
  if (link_.up()) return Status::Ok();
  HARK_RETURN_IF_ERROR(link_.OpenIfDue(now));
  if (!link_.up()) return Status::Ok();
  watched_fd_ = link_.wake_fd();
  // Only a wake-up: the turn that follows receives.
  HARK_RETURN_IF_ERROR(engine_->Watch(watched_fd_, [this] { bus_has_news_ = true; }));
  bus_has_news_ = true;
  session_.LinkUp(now);
  return Status::Ok();
}

void Worker::CloseLink(MonoTime now) {
  if (watched_fd_ >= 0) engine_->Unwatch(watched_fd_);
  watched_fd_ = -1;
  link_.Close(now);
  session_.LinkDown();
}

void Worker::ReceiveAll(MonoTime now) {
  bus_has_news_ = false;
  received_ = now;
  while (auto envelope = link_.Receive()) session_.On(*envelope, now, clock_.UnixMillis());
  if (session_.state() == WorkerSession::State::kReady) link_.Settled();
}

void Worker::Work(MonoTime now) {
  // First, for after a pause of this process leases may be over that it began with.
  session_.Tick(now);
  WatchSyn(now);
  runner_.Feed();
  for (proto::Batch& batch : runner_.TakeBatches(now)) session_.AddBatch(std::move(batch), now);
  UpdateLoad();
  link_.Flush();
  if (link_.queued() >= kMaxQueued) return;
  std::vector<proto::Envelope> envelopes = session_.Poll(now);
  if (envelopes.empty()) return;
  link_.Send(std::move(envelopes));
  // Sending may have swallowed the edge that announces an answer.
  ReceiveAll(now);
}

void Worker::UpdateLoad() {
  const EngineStats stats = engine_->stats();
  proto::WorkerLoad load;
  load.set_in_flight(static_cast<uint32_t>(stats.in_flight));
  load.set_probes_sent(stats.probes_sent);
  load.set_hosts_grabbed(stats.hosts_visited);
  load.set_applied_pps(engine_->rate());
  const MonoTime now = clock_.Now();
  if (now - memory_read_ >= kMemoryLook) {
    memory_read_ = now;
    resident_bytes_ = ResidentBytes();
    runner_.SetBrake(conntrack_.Look(ReadConntrackFill()));
  }
  load.set_rss_bytes(resident_bytes_);
  for (const uint64_t count : stats.outcomes) load.add_outcomes(count);
  if (syn_ != nullptr) AddSyn(syn_stats_, &load);
  runner_.SetLoad(load);
}

// What leaves no more will not leave for the next job either: another worker is to have them.
void Worker::WatchSyn(MonoTime now) {
  if (syn_ == nullptr || now - syn_read_ < kSynLook) return;
  syn_read_ = now;
  syn_stats_ = syn_->desk().stats();
  if (syn_failed_) return;
  const Status failure = syn_->desk().failure();
  if (failure.ok()) return;
  syn_failed_ = true;
  LogError("worker/discovery", failure.message() + "; sweeps go by connect() from now on");
  for (const JobKey& key : runner_.LeaveSyn()) {
    session_.FailJob(key, proto::Release::LOCAL_ERROR, failure.message());
  }
}

void Worker::SayGoodbye() {
  const MonoTime until = clock_.Now() + kGoodbyeTime;
  while (link_.up() && clock_.Now() < until) {
    link_.Flush();
    engine_->RunOnce(kTurn);
  }
}

}  // namespace hark

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/file.h"
#include "base/strings.h"
#include "coordinator/coordinator.h"
#include "coordinator/run_registry.h"
#include "tests/bench/fleet/meters.h"
#include "tests/bench/fleet/modes.h"
#include "tests/bench/fleet/recorded_store.h"
#include "tests/bench/fleet/synthetic_hosts.h"

namespace hark::bench {
namespace {

constexpr Duration kTurn = std::chrono::milliseconds(50);
constexpr Duration kSampleEvery = std::chrono::milliseconds(200);
constexpr uint32_t kFirstHost = 10U << 24;  // named, never spoken to

volatile std::sig_atomic_t stop_asked = 0;

Result<OpenedRun> RunOf(Store& store, uint64_t hosts) {
  PlanOptions plan;
  plan.sources = RangeSet({{kFirstHost, kFirstHost + static_cast<uint32_t>(hosts) - 1}});
  plan.source = "bench";
  plan.gate_port = 0;
  plan.ports = {kSshPort, kTlsPort};
  plan.seed = 1;
  HARK_ASSIGN_OR_RETURN(const Plan made, MakePlan(plan));
  return OpenRun(store, made, "bench", SystemClock().UnixMillis());
}

// From the line on stdin on.
class Costs {
 public:
  void Begin(MonoTime now) {
    began_ = now;
    cpu_ = CpuTime::Now();
    counting_ = true;
  }
  bool counting() const { return counting_; }
  void Sample(MonoTime now) {
    if (!counting_ || now < next_sample_) return;
    next_sample_ = now + kSampleEvery;
    memory_.push_back(StatusMegabytes("VmRSS"));
  }
  nlohmann::json AtEnd(MonoTime now) const {
    const CpuTime cpu = CpuTime::Now();
    nlohmann::json line = {{"wall_seconds", SecondsOf(now - began_)},
                           {"user_seconds", cpu.user - cpu_.user},
                           {"system_seconds", cpu.system - cpu_.system},
                           {"cpu_seconds", cpu.sum() - cpu_.sum()},
                           {"peak_mb", StatusMegabytes("VmHWM")}};
    line["memory_mb"] = memory_;
    return line;
  }

 private:
  MonoTime began_{}, next_sample_{};
  CpuTime cpu_;
  bool counting_ = false;
  std::vector<double> memory_;
};

void Say(const nlohmann::json& line) {
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

}  // namespace

bool LineOnStdin(bool* over) {
  pollfd in{STDIN_FILENO, POLLIN, 0};
  if (*over || poll(&in, 1, 0) <= 0) return false;
  char byte = 0;
  do {
    if (read(STDIN_FILENO, &byte, 1) != 1) *over = true;
  } while (!*over && byte != '\n');
  return !*over;
}

Status WriteKeys(const std::string& path, size_t workers) {
  std::string text;
  for (size_t i = 0; i <= workers; ++i) {
    const KeyPair pair = GenerateKeyPair();
    text += StrCat(pair.public_key, " ", pair.secret_key, "\n");
  }
  return WriteFileAtomically(path, text);
}

Result<std::vector<KeyPair>> ReadKeys(const std::string& path) {
  HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::vector<KeyPair> pairs;
  for (const std::string_view line : Split(Trim(text), '\n')) {
    const std::vector<std::string_view> words = Split(line, ' ');
    if (words.size() == 2) pairs.push_back({std::string(words[0]), std::string(words[1])});
  }
  return pairs;
}

Status RunCoordinator(const CoordinatorMode& mode) {
  HARK_ASSIGN_OR_RETURN(const std::vector<KeyPair> keys, ReadKeys(mode.keys));
  AllowedKeys allowed;
  for (size_t i = 1; i < keys.size(); ++i) allowed.Allow(CurveKeyBytes(keys[i].public_key));
  HARK_ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                        Store::Open(mode.db, Store::Mode::kReadWrite));
  HARK_ASSIGN_OR_RETURN(const OpenedRun opened, RunOf(*store, mode.hosts));
  if (!mode.record.empty()) {
    std::FILE* const file = std::fopen(mode.record.c_str(), "wb");
    if (file == nullptr) return IoError("cannot write " + mode.record);
    store = MakeRecordedStore(std::move(store), file);
  }
  const SystemClock clock;
  const GeoTable geo;
  CoordinatorOptions options;
  options.endpoints = {mode.endpoint};
  options.keys = keys.front();
  options.control.db = mode.db;
  options.control.takes_runs = false;
  options.dispatcher.probes_per_second = 1e9;
  options.dispatcher.expected_workers = keys.size() - 1;
  options.dispatcher.lease = Duration(static_cast<int64_t>(mode.lease_seconds * 1e9));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Coordinator> coordinator,
                        Coordinator::Start(*store, geo, allowed, {opened.run}, options, clock));
  std::signal(SIGTERM, [](int) { stop_asked = 1; });
  Say({{"ready", true}, {"endpoint", coordinator->endpoints().front()}});
  Costs costs;
  bool over = false;
  while (stop_asked == 0 && !coordinator->dispatcher().AllRunsDone()) {
    HARK_RETURN_IF_ERROR(coordinator->Step(kTurn));
    costs.Sample(clock.Now());
    if (!costs.counting() && LineOnStdin(&over)) costs.Begin(clock.Now());
  }
  nlohmann::json line = costs.AtEnd(clock.Now());
  const RunState::Totals sum = coordinator->dispatcher().FindRun(opened.run.id())->Sum();
  line["observations"] = sum.visited * kPortsPerHost;
  line["done"] = coordinator->dispatcher().AllRunsDone();
  // Whoever waits for the last acknowledgement gets it.
  for (const MonoTime until = clock.Now() + kTurn; clock.Now() < until;) {
    HARK_RETURN_IF_ERROR(coordinator->Step(kTurn));
  }
  Say(line);
  return coordinator->Flush();
}

}  // namespace hark::bench

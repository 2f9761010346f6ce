#pragma once

// The inside of RunFleet. fleet_simulation.cc has time, deaths and messages, fleet_operator.cc what
// the operator does, fleet_checks.cc what must hold at the end.

#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "base/random.h"
#include "coordinator/dispatcher.h"
#include "tests/sim/fleet_watch.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_worker.h"
#include "tests/sim/sim_world.h"
#include "worker/memory_spool.h"

namespace hark::sim {

// Of the audits' samples; what the coordinator keeps to itself.
inline constexpr char kAuditSecret[] = "as good as any";
inline constexpr Duration kLease = std::chrono::seconds(20);
inline constexpr double kCeiling = 1000;  // probes a second, of all runs

class Fleet {
 public:
  explicit Fleet(const FleetOptions& options);
  FleetOutcome Run();

 private:
  struct Worker {
    size_t number = 0;
    std::string key;
    MemorySpool spool;
    std::unique_ptr<TargetSetCache> targets;
    std::unique_ptr<SimHost> host;
    std::unique_ptr<WorkerSession> session;
    std::string route;      // of the present connection, "" none
    MonoTime deaf_until{};  // nothing of the coordinator's arrives
    MonoTime mute_until{};  // nothing of its own does
    int64_t clock_off_ms = 0;
    bool dying = false;
    bool old = false;  // knows no orders
    uint64_t orders_heard = 0;
    // Its credit as the messages say, while none of a session is lost or doubled.
    uint64_t session_id = 0;
    uint64_t credit = 0;
    bool clean = false;
    uint64_t early_ack_of = 0;  // a session whose ACK overtook its WELCOME
    // When that session began for the coordinator, and when the network last lost or doubled.
    std::pair<uint64_t, MonoTime> welcomed{};
    MonoTime tampered{};
    uint64_t last_share = 0;  // of the messages with shares that arrived
  };
  using Message = std::shared_ptr<const proto::Envelope>;

  void At(Duration from_now, std::function<void()> what);
  void Step();
  Duration Soon(double mean_seconds);
  void Deliver(Worker& worker, const std::function<void()>& what);
  int64_t CoordinatorClock() const;

  void StartCoordinator();
  void KillCoordinator();
  void CoordinatorMoment();
  void Flush();
  Result<std::vector<Address>> ListOf(uint32_t run, uint32_t number, uint64_t from, uint64_t to);
  void AddRun(const SimWorld& world);

  void StartWorker(Worker& worker);
  void KillWorker(Worker& worker, bool keeps_disk);
  void RestartWorkerSoon(Worker& worker);
  void WorkerMoment(Worker& worker);
  void SendToCoordinator(Worker& worker, proto::Envelope envelope);
  void GiveToWorker(Worker& worker, const proto::Envelope& envelope);
  bool Probed(const Worker& worker, const JobKey& key, bool sweep, uint64_t from, uint64_t to);
  bool Throttled(const Worker& worker, uint32_t run, const Address& address);

  void ScheduleTrouble();
  void CutOff(Worker& worker);
  void JumpClock();
  bool InTrouble() const { return now_ < trouble_until_; }
  Worker& Anyone() { return *workers_[random_.Below(workers_.size())]; }

  // ---- fleet_operator.cc
  void ScheduleOperator();
  void OptOutSome();
  void ChangeSomething();
  proto::RunSettings Changed(proto::RunSettings settings);
  void Change(uint32_t run, const proto::RunSettings& settings);
  void CancelOne();
  void PressForAWhile();
  void LetGo();
  void NoteCeilings();
  double HighestCeiling(uint32_t run);

  void Break(const std::string& what) { outcome_.broken.push_back(what); }
  void CheckRates();
  void CheckEnd();
  void CheckLedger(const SimStore& store);
  void CheckThrottled(const SimStore& store);
  void CheckAudits(const SimStore& store);
  bool Whole(const SimStore& store) const;
  void CheckQuiet();

  const FleetOptions options_;
  Random random_;
  MonoTime now_;
  MonoTime trouble_until_;
  struct Event {
    MonoTime at;
    uint64_t order;
    std::function<void()> what;
    bool operator>(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  std::vector<Event> events_;  // a heap, the next in front
  uint64_t order_ = 0;

  const SimWorlds worlds_;
  SimDisk disk_;
  FleetWatch watch_;
  std::unique_ptr<Dispatcher> dispatcher_;
  uint64_t epoch_ = 0;
  int64_t clock_off_ms_ = 0;
  MonoTime disk_stalls_until_{};
  std::vector<std::unique_ptr<Worker>> workers_;
  uint64_t connections_ = 0;
  uint64_t shares_said_ = 0;
  // The operator's.
  double ceiling_;
  RangeSet opt_outs_;
  uint64_t opt_outs_version_ = 0;
  struct Ceiling {
    double now = 0;
    std::vector<std::pair<MonoTime, double>> before;  // until
  };
  std::map<uint32_t, Ceiling> ceilings_;  // by run, 0 = of all
  std::string digests_;
  FleetOutcome outcome_;
};

}  // namespace hark::sim

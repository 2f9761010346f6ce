#pragma once

// A fleet in one thread on a seeded clock: the production Dispatcher and the production
// WorkerSessions, joined by a network that loses, doubles, delays and cuts, over a disk that
// forgets what was not synced. One seed is one history; what it must never do is checked while it
// runs.
//
//   Fleet        owns time (an event queue) and everybody
//   SimDisk      what survives a coordinator's death: rows, lists, what each host was seen as
//   SimHost      the targets behind a worker's session, some of them throttled
//
// Not simulated: ZeroMQ, RocksDB and probes themselves. Those have tests of their own.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "coordinator/dispatcher.h"
#include "worker/memory_spool.h"
#include "worker/worker_session.h"

namespace hark::sim {

struct FleetOptions {
  uint64_t seed = 1;
  size_t workers = 3;
  uint64_t targets = 3000;
  double listener_share = 0.02;
  // Of every message; every so many seconds of virtual time on average, 0 = never.
  double loss = 0.02;
  double duplication = 0.02;
  double worker_deaths_every = 20;
  double coordinator_deaths_every = 40;
  double partitions_every = 30;
  Duration trouble = std::chrono::seconds(150);  // faults stop after it
  std::optional<uint64_t> poison;                // whoever probes this plan index dies
  // Of the listeners: throttled, each in one of the ways of ThrottleOf.
  double throttled_share = 0;
};

// The simulated wall clock.
inline int64_t UnixMillis(MonoTime now) {
  return 1'500'000'000'000 + ToMillis(now.time_since_epoch());
}

// What the history must keep to.
inline constexpr uint32_t kThrottleRetries = 3;
inline constexpr int64_t kThrottleBackoffMillis = 60'000;

// The ways to be throttled.
enum class Throttle : uint8_t {
  kNone,
  kForAWhile,     // for the run's first minutes
  kForOneWorker,  // for worker 0, always
  kForEver,
};

// The coordinator's disk. Submitted items wait; Sync makes them durable in order; a crash forgets
// what waits, or keeps a part that nobody was told of.
class SimDisk final : public CommitQueue {
 public:
  void Submit(CommitItem item) override { waiting_.push_back(std::move(item)); }
  std::vector<uint64_t> TakeDurable() override { return std::exchange(durable_, {}); }

  void Sync(size_t items);
  size_t waiting() const { return waiting_.size(); }
  void Crash(size_t survivors);

  proto::RunRow run;
  std::map<uint32_t, proto::JobRow> jobs;
  std::vector<Address> listeners;
  std::map<uint32_t, std::vector<Address>> revisits;  // by list
  std::vector<StoredRevisit> all_revisits;            // in the order they became durable
  struct Recorded {
    uint32_t rounds = 0;  // visits after the first
    int64_t not_before_unix_ms = 0;
    proto::PortRow row;
  };
  std::map<Address, Recorded> recorded;
  std::vector<std::string> broken;  // what must never happen, and did

 private:
  void Apply(CommitItem& item);
  void Record(const proto::HostObservation& host, uint32_t round);

  std::vector<CommitItem> waiting_;
  std::vector<uint64_t> durable_;
};

struct FleetOutcome {
  bool finished = false;
  std::vector<std::string> broken;
  uint64_t probes = 0;  // of plan indices, repeats included
  uint64_t revisits = 0;
  uint64_t early_visits = 0;  // to throttled hosts, before their back-off was over
  std::string digest;         // over what is known of every host
  uint64_t messages = 0;
  uint64_t coordinator_deaths = 0;
  uint64_t worker_deaths = 0;
  double virtual_seconds = 0;
};

FleetOutcome RunFleet(const FleetOptions& options);

}  // namespace hark::sim

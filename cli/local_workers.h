#pragma once

// The worker processes of `hark scan`: children that speak the same protocol as remote workers,
// over ipc. Each has a directory under the store with its identity, configuration and spool, so one
// that is killed comes back as the same worker and goes on.
//
// Threads: one.

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "bus/curve.h"

namespace hark {

struct LocalWorkerOptions {
  std::string binary;     // hark-worker
  std::string directory;  // DB/workers
  std::string endpoint;   // of the coordinator
  std::string server_public_key;
  size_t count = 1;
  uint32_t concurrency = 500;  // conversations in flight, each worker
  uint32_t threads = 1;        // each worker
  std::string discover = "auto";
  double bandwidth = 0;  // bits a second, all together; 0 = no ceiling
};

class LocalWorkers {
 public:
  // Prepares directories and keys; starts nothing yet.
  static Result<LocalWorkers> Prepare(LocalWorkerOptions options);
  ~LocalWorkers();
  LocalWorkers(LocalWorkers&&) = default;
  LocalWorkers& operator=(LocalWorkers&&) = delete;

  // Raw public keys of the workers that are to run.
  const std::vector<std::string>& Keys() const { return keys_; }
  // Raw public keys of every local worker this store ever had: all dead when we start, since they
  // die with their parent and the store has one parent at a time.
  const std::vector<std::string>& KnownKeys() const { return known_keys_; }

  // Starts what should run and is due; notes who died. An error: they cannot be kept running.
  Status Supervise(MonoTime now);
  // The worker with this raw key has said HELLO: it starts well, whatever becomes of it.
  void Seen(const std::string& key);
  // SIGTERM: finish what is in flight, give the rest back, leave.
  void Drain();
  bool AnyRunning();
  void Kill();

 private:
  struct Worker {
    KeyPair keys;
    std::string directory;
    pid_t pid = -1;
    MonoTime started{};
    MonoTime start_at{};
    int quick_deaths = 0;
    bool seen = false;  // said HELLO since it was started
  };

  LocalWorkers() = default;
  std::string BandwidthLine() const;
  Status WriteConfig(Worker& worker, size_t number);
  Status Spawn(Worker& worker, MonoTime now);
  Status Reap(Worker& worker, MonoTime now);

  LocalWorkerOptions options_;
  std::vector<Worker> workers_;
  std::vector<std::string> keys_;  // beside workers_
  std::vector<std::string> known_keys_;
  bool draining_ = false;
};

}  // namespace hark

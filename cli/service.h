#pragma once

// A coordinator with its local workers and its control file, as hark scan and hark serve run it:
// started over an open store, turned until the owner has enough, left in good order.
//
// Threads: one.

#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "cli/control_file.h"
#include "cli/local_workers.h"
#include "cli/service_flags.h"
#include "cli/signals.h"
#include "coordinator/coordinator.h"
#include "coordinator/metrics_server.h"
#include "coordinator/remembering.h"
#include "coordinator/status_log.h"

namespace hark {

class Service {
 public:
  // All outlive it. control: held by the owner, since it outlives a store that is opened again.
  Service(const ServiceOptions& options, Store& store, const GeoTable& geo, ControlFile& control,
          const Clock& clock)
      : options_(options),
        store_(store),
        geo_(geo),
        control_(control),
        clock_(clock),
        remembering_(store) {}

  // runs: those to work on, as stored.
  Status Start(const std::vector<proto::RunRow>& runs);
  // One turn of the loop, some 50 ms at most. An error: the store failed or the workers cannot run.
  Status Turn();
  // Workers pause, finish what is in flight and go; what was accepted is written. A further signal
  // ends the patience.
  Status Leave(Duration patience, StopSignals& signals);
  // Ends the local workers without a word; for a store that has failed.
  void Abandon();

  Dispatcher& dispatcher() { return coordinator_->dispatcher(); }

 private:
  Result<CoordinatorOptions> MakeOptions();
  Status PrepareWorkers(const CoordinatorOptions& options);
  void ReleaseDeadLeases();
  Status StartTelling();
  void Tell();
  void Remember();

  const ServiceOptions& options_;
  Store& store_;
  const GeoTable& geo_;
  ControlFile& control_;
  const Clock& clock_;
  AllowedKeys allowed_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<LocalWorkers> workers_;
  std::unique_ptr<MetricsServer> metrics_;
  Remembering remembering_;
  StatusLog log_;
  MonoTime tell_at_{};
};

}  // namespace hark

#pragma once

// The coordinator as a thing that runs: one Router, one Dispatcher, one Committer over one Store,
// the FleetGate that says whose messages reach the dispatcher, and the ControlDesk for those of the
// operator.
//
// The loop (Step): wait for a message, a durable commit or a heartbeat's time; hand messages to the
// dispatcher; let it tick; send what it says. Nothing in it waits for a write; a GRAB job's
// addresses are read from the store, which is its cache.

#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "bus/curve.h"
#include "bus/router.h"
#include "coordinator/committer.h"
#include "coordinator/control_desk.h"
#include "coordinator/dispatcher.h"
#include "coordinator/fleet_gate.h"
#include "coordinator/geo.h"
#include "coordinator/pressure.h"
#include "storage/store.h"

namespace hark {

struct CoordinatorOptions {
  std::vector<std::string> endpoints;
  KeyPair keys;
  std::string fleet_directory;   // of the registry (fleet_gate.h), "" = only allowed counts
  DispatcherOptions dispatcher;  // epoch is filled in by Start
  std::string operator_key;      // raw, 32 bytes; "" = nobody gives orders
  ControlDeskOptions control;    // db: also where free space is looked for, "" = nowhere
  // Below it nothing more is given out.
  uint64_t min_free_bytes = 0;
  // A full disk is pressure, not an error: what was not acknowledged is written when there is
  // space.
  bool waits_for_space = false;
};

class Coordinator {
 public:
  // store, geo, allowed and clock must outlive it. runs: those to work on, as stored.
  static Result<std::unique_ptr<Coordinator>> Start(Store& store, const GeoTable& geo,
                                                    const AllowedKeys& allowed,
                                                    const std::vector<proto::RunRow>& runs,
                                                    CoordinatorOptions options, const Clock& clock);

  // One turn of the loop, at most max_wait long. An error means the store failed: nothing more can
  // be acknowledged.
  Status Step(Duration max_wait);
  // Writes what was accepted. Call before leaving in good order.
  Status Flush() { return committer_->Flush(); }

  Dispatcher& dispatcher() { return *dispatcher_; }
  const std::vector<std::string>& endpoints() const { return router_->endpoints(); }

 private:
  Coordinator(Store& store, const GeoTable& geo, const Clock& clock, CoordinatorOptions options)
      : store_(store),
        geo_(geo),
        clock_(clock),
        options_(std::move(options)),
        started_(clock.Now()),
        pressure_(options_.min_free_bytes) {}

  Status TakeUp(const std::vector<proto::RunRow>& runs, MonoTime now);
  void OpenDesk(uint64_t opt_outs_version);
  void TakeIn();
  void LookAtPressure();
  void SendAll();

  Store& store_;
  const GeoTable& geo_;
  const Clock& clock_;
  CoordinatorOptions options_;
  const MonoTime started_;
  Pressure pressure_;
  MonoTime next_look_{};
  std::string last_error_;
  int64_t last_error_unix_ms_ = 0;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<ControlDesk> desk_;
  std::unique_ptr<FleetGate> gate_;
  std::unique_ptr<Router> router_;  // asks the gate until it is gone
};

}  // namespace hark

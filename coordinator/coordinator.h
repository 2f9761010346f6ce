#pragma once

// The coordinator as a thing that runs: one Router, one Dispatcher, one Committer over one Store,
// and the FleetGate that says whose messages reach the dispatcher.
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
#include "coordinator/dispatcher.h"
#include "coordinator/fleet_gate.h"
#include "coordinator/geo.h"
#include "storage/store.h"

namespace hark {

struct CoordinatorOptions {
  std::vector<std::string> endpoints;
  KeyPair keys;
  std::string fleet_directory;   // of the registry (fleet_gate.h), "" = only allowed counts
  DispatcherOptions dispatcher;  // epoch is filled in by Start
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
  Coordinator(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  Store& store_;
  const Clock& clock_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<FleetGate> gate_;
  std::unique_ptr<Router> router_;  // asks the gate until it is gone
};

}  // namespace hark

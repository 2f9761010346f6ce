#pragma once

// How the runs of a store stand, from whoever knows best: its coordinator while one works, else the
// store.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/control_client.h"
#include "cli/control_file.h"
#include "proto/control.pb.h"

namespace hark {

struct StatusQuestion {
  std::string db;
  std::string run;    // "" = all that are not done
  uint32_t jobs = 8;  // open jobs to tell of each run
};

// Asks again and again over one connection. One thread.
class StatusSource {
 public:
  explicit StatusSource(StatusQuestion question) : question_(std::move(question)) {}

  // Of the coordinator, when one can be asked; a run it does not have is done, or not its own.
  Result<proto::FleetStatus> Now();

 private:
  Result<proto::FleetStatus> OfCoordinator(const CoordinatorPlace& place);
  Result<proto::FleetStatus> OfStore() const;

  const StatusQuestion question_;
  std::string endpoint_;  // of client_
  std::unique_ptr<ControlClient> client_;
};

// What does not add up in the ledgers of these runs, as the store has them now; by run's name.
using LedgerErrors = std::map<std::string, std::vector<std::string>>;
Result<LedgerErrors> FindLedgerErrors(const std::string& db, const proto::FleetStatus& status);

// docs/formats/status.md.
std::string StatusAsJson(const proto::FleetStatus& status, const LedgerErrors& errors);

}  // namespace hark

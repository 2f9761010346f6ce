#pragma once

// The operator's end of the control desk: one connection to the coordinator that runs on a store,
// with DB/operator.key. docs/formats/control.md.
//
// Threads: one.

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "bus/dealer.h"
#include "proto/control.pb.h"

namespace hark {

class ControlClient {
 public:
  // nullptr: no coordinator runs on this store. kUnavailable: one does, but cannot be asked now.
  static Result<std::unique_ptr<ControlClient>> Connect(const std::string& db);

  // The answer, or its failure as a status. kUnavailable when none comes.
  Result<proto::ControlReply> Ask(proto::ControlRequest request);
  Result<proto::FleetStatus> GetStatus(const std::string& run, uint32_t max_jobs);

 private:
  explicit ControlClient(std::unique_ptr<Dealer> dealer) : dealer_(std::move(dealer)) {}
  Result<proto::ControlReply> Answer(uint64_t id);

  std::unique_ptr<Dealer> dealer_;
};

// Who has applied a change: of the workers that are connected.
struct Obedience {
  size_t workers = 0;
  std::vector<std::string> not_yet;  // names
  Duration took{};
};
// Asks until every worker obeys these versions (0 = any), at most `patience` long.
Result<Obedience> AwaitObedience(ControlClient& client, uint64_t orders_version,
                                 uint64_t exclusions_version, Duration patience);
// "applied by 6 of 6 workers in 0.3 s".
std::string ObedienceText(const Obedience& obedience);

}  // namespace hark

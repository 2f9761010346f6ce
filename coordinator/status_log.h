#pragma once

// The fleet's state as events of the log (docs/logs.md): all of it once a minute, and what changes
// when it changes. The numbers are those of the metrics, under the names of `hark run status`.

#include <map>
#include <string>

#include "base/time.h"
#include "proto/control.pb.h"

namespace hark {

// How often everything is told: a day of 100 workers is 65 MB of JSON, which compresses well.
inline constexpr Duration kStatusLogEvery = std::chrono::minutes(1);

class StatusLog {
 public:
  // About once a second. The first call tells everything, and nothing of it as a change.
  void Note(const proto::FleetStatus& status, MonoTime now);

 private:
  void NoteFleet(const proto::FleetStatus& status);
  void NoteRuns(const proto::FleetStatus& status);
  void NoteWorkers(const proto::FleetStatus& status);

  bool first_ = true;
  MonoTime told_{};
  std::string pressure_;
  int64_t error_unix_ms_ = 0;
  std::map<uint32_t, proto::RunStatus::State> states_;  // by run id
  std::map<std::string, bool> connected_;               // by worker's key
};

// Everything, now: an event for the fleet, one for each run and each worker, all of level info.
void LogFleetStatus(const proto::FleetStatus& status);

}  // namespace hark

#pragma once

// The registry on disk, DB/fleet: `registry` (fleet_registry.h), `live` (fleet_live.h) and `lock`.
// Apart from the store, which a running scan keeps locked, so that `hark fleet` works beside it.
//
// Writers take the lock, read, change, and replace the file: written beside, synced, renamed, the
// directory synced. Readers need no lock. All files are 0600, the directory 0700.
//
// Threads: any, each with an object of its own.

#include <functional>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "coordinator/fleet_registry.h"

namespace hark {

class FleetDirectory {
 public:
  // path: DB/fleet. Touches nothing.
  explicit FleetDirectory(std::string path) : path_(std::move(path)) {}

  std::string registry_path() const { return path_ + "/registry"; }
  std::string live_path() const { return path_ + "/live"; }

  // Empty when there is no registry yet.
  Result<FleetRegistry> Load() const;

  // edit: changes the registry and says whether there is anything to write. patience: for whoever
  // holds the lock; kUnavailable when it was not enough. What Edit returns ok for is durable.
  Status Edit(const std::function<Result<bool>(FleetRegistry&)>& edit, Duration patience) const;

  // Changes whenever the registry is replaced; "" while there is none.
  std::string Stamp() const;

  // Replaces the live file. Not synced: it only tells how things stand.
  Status WriteLive(std::string_view text) const;

 private:
  Status Prepare() const;

  std::string path_;
};

}  // namespace hark

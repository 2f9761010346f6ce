#pragma once

// Backups that an operator asks a running coordinator for (proto/control.proto, BackUp): each on a
// thread of its own, one at a time, because copying takes minutes and neither the loop nor the
// clerk may wait so long. Who began one asks after it with its ticket.
//
// Threads: one; the copying has its own.

#include <atomic>
#include <cstdint>
#include <future>

#include "base/status.h"
#include "proto/control.pb.h"
#include "storage/backup.h"
#include "storage/store.h"

namespace hark {

class BackupDesk {
 public:
  // store outlives it.
  explicit BackupDesk(Store& store) : store_(store) {}
  // Stops the one that goes on; the backups before it stay good.
  ~BackupDesk();

  Result<proto::BackupState> On(const proto::BackUp& request);

 private:
  Result<proto::BackupState> Begin(const std::string& to);

  Store& store_;
  uint64_t ticket_ = 0;  // of the last one that was begun
  std::atomic<bool> stop_ = false;
  std::future<Result<StoreBackup>> going_on_;
};

}  // namespace hark

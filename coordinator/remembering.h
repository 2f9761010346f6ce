#pragma once

// Finished runs enter the history (storage/remember.h) here, beside whatever else the coordinator
// does, on a thread with little claim to the processor.
//
// Threads: RememberRuns on any one; Remembering belongs to the coordinator's loop.

#include <atomic>
#include <functional>
#include <future>
#include <optional>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "storage/store.h"

namespace hark {

// Every finished run that is not in the history yet. goes_on: the run in hand and how many of its
// hosts are done; false stops it, to go on another time. Addresses that were purged meanwhile do
// not come back by it. Gives whether all is done.
Result<bool> RememberRuns(
    Store& store, const std::function<bool(const std::string& run, uint64_t hosts)>& goes_on);

class Remembering {
 public:
  explicit Remembering(Store& store) : store_(store) {}
  ~Remembering() { Stop(); }

  // Looks every few seconds whether there is something to remember, and begins. An error is the
  // store's; it is told once and tried again later.
  Status Poll(MonoTime now);
  // Waits for the write in hand.
  void Stop();

 private:
  Store& store_;
  std::atomic<bool> stops_ = false;
  std::future<Status> in_hand_;
  MonoTime look_at_{};
};

}  // namespace hark

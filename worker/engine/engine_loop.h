#pragma once

// A prober with the loop that its owner lives in: everything the worker does happens between two
// turns of it.
//
// Threads: one, the one that calls RunOnce; callbacks run in it.

#include <functional>
#include <memory>

#include "base/status.h"
#include "worker/engine/engine_parts.h"
#include "worker/engine/prober.h"

namespace hark {

class EngineLoop : public Prober {
 public:
  // Calls back from RunOnce when fd becomes readable; edge-triggered, so drain it. For the bus.
  virtual Status Watch(int fd, std::function<void()> readable) = 0;
  virtual void Unwatch(int fd) = 0;

  // One turn: does what is due, then waits for at most max_wait, or not at all when there are
  // results.
  virtual void RunOnce(Duration max_wait) = 0;

  virtual EngineStats stats() const = 0;
  // What it draws on, for others that do.
  virtual std::shared_ptr<EngineBudget> budget() const = 0;
  virtual double rate() const = 0;
  // Never more than the descriptors allow.
  virtual size_t max_in_flight() const = 0;
};

// threads: 1 = the engine runs in the caller's thread, else in that many of its own. clock outlives
// it and can be asked by any thread.
Result<std::unique_ptr<EngineLoop>> MakeEngineLoop(const EngineOptions& options, size_t threads,
                                                   const Clock& clock);

}  // namespace hark

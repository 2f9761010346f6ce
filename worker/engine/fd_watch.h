#pragma once

// Descriptors of others in a loop of ours: the bus, signals, a thread with results.
//
// Threads: one, the reactor's.

#include <functional>
#include <memory>
#include <unordered_map>

#include "worker/engine/reactor.h"

namespace hark {

class FdWatch {
 public:
  // reactor outlives the watch.
  explicit FdWatch(Reactor& reactor);
  ~FdWatch();

  // Calls back when fd becomes readable; edge-triggered, so drain it.
  Status Watch(int fd, std::function<void()> readable);
  // Before fd is closed.
  void Unwatch(int fd);

 private:
  class Watcher;

  Reactor& reactor_;
  std::unordered_map<int, std::unique_ptr<Watcher>> watchers_;
};

}  // namespace hark

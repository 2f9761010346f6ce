#pragma once

// The event loop: one thread, one epoll set, every listener and every connection of the lab.
//
// Clients are hostile too. A connection may send nothing for `idle`, live for `lifetime` in all,
// and leave kMaxUnsent bytes unread; past that it is closed. When descriptors run out the
// connection closest to its own deadline goes.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

#include "base/status.h"
#include "base/time.h"
#include "tests/lab/internet.h"
#include "tests/lab/listeners.h"

namespace hark::lab {

struct ServerOptions {
  Duration idle = std::chrono::seconds(120);
  Duration lifetime = std::chrono::seconds(600);
};

struct ServerStats {
  uint64_t accepted = 0;
  uint64_t open = 0;
};

class Server {
 public:
  // The internet outlives the server.
  Server(const Internet& internet, Listeners listeners, const ServerOptions& options,
         const Clock& clock);
  ~Server();

  // Serves until stop_fd becomes readable.
  Status Run(int stop_fd);
  const ServerStats& stats() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace hark::lab

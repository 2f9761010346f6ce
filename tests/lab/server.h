#pragma once

// Every listener and every connection of the lab, on one thread or several.
//
// Clients are hostile too. A connection may send nothing for `idle`, live for `lifetime` in all,
// and leave kMaxUnsent bytes unread; past that it is closed. When descriptors run out the
// connection closest to its own deadline goes.

#include <chrono>
#include <cstdint>

#include "base/status.h"
#include "base/time.h"
#include "tests/lab/internet.h"
#include "tests/lab/listeners.h"

namespace hark::lab {

struct ServerOptions {
  Duration idle = std::chrono::seconds(120);
  Duration lifetime = std::chrono::seconds(600);
  uint32_t threads = 1;  // at least one
};

class Server {
 public:
  // The internet and the clock outlive the server.
  Server(const Internet& internet, Listeners listeners, const ServerOptions& options,
         const Clock& clock);

  // Serves on options.threads threads, one of them the caller's, until stop_fd becomes readable;
  // nobody else reads it.
  Status Run(int stop_fd);

 private:
  const Internet& internet_;
  Listeners listeners_;
  ServerOptions options_;
  const Clock& clock_;
};

}  // namespace hark::lab

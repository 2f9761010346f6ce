#include "bus/context.h"

#include <google/protobuf/stubs/logging.h>
#include <zmq.h>

#include <mutex>

#include "base/log.h"

namespace hark {

std::shared_ptr<void> SharedZmqContext() {
  static std::mutex mutex;
  static std::weak_ptr<void> current;
  const std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<void> context = current.lock();
  if (!context) {
    // Protobuf writes a line to stderr for every text of a peer's that is not UTF-8. Here, because
    // it must be before any thread that parses, and nothing is parsed without a context.
    google::protobuf::SetLogHandler(nullptr);
    void* raw = zmq_ctx_new();
    HARK_CHECK(raw != nullptr);
    zmq_ctx_set(raw, ZMQ_MAX_SOCKETS, 16384);
    // LINGER is 0 on every socket, so this cannot hang.
    context = std::shared_ptr<void>(raw, [](void* c) { zmq_ctx_term(c); });
    current = context;
  }
  return context;
}

}  // namespace hark

#pragma once

// A service talking to one client, as a pure state machine: bytes in, bytes out. The server owns
// sockets, time and limits.

#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"

namespace hark::lab {

// What the service does next.
struct Turn {
  enum class Then { kGoOn, kFinish, kReset };  // kFinish: FIN once everything is sent

  std::string send;
  Then then = Then::kGoOn;
  Duration wake_after{0};  // > 0: OnTimer is due after this

  static Turn Say(std::string text) { return {std::move(text), Then::kGoOn, Duration(0)}; }
  static Turn Finish(std::string text = "") {
    return {std::move(text), Then::kFinish, Duration(0)};
  }
};

class Conversation {
 public:
  virtual ~Conversation() = default;
  virtual Turn Start() = 0;                          // the client has connected
  virtual Turn OnBytes(std::string_view bytes) = 0;  // any cut of the stream
  virtual Turn OnTimer() { return {}; }
};

}  // namespace hark::lab

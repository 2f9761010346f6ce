#pragma once

// One thread of the server: an epoll set with every listener in it and the connections this thread
// accepted.

#include <array>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "tests/lab/internet.h"
#include "tests/lab/listeners.h"
#include "tests/lab/server.h"

namespace hark::lab {

class ServerLoop {
 public:
  // All but options outlive the loop.
  ServerLoop(const Internet& internet, const Listeners& listeners, const ServerOptions& options,
             const Clock& clock)
      : internet_(internet), listeners_(listeners), options_(options), clock_(clock) {}

  // Serves until stop_fd becomes readable.
  Status Run(int stop_fd);

 private:
  static constexpr size_t kReadSize = size_t{16} * 1024;  // one TLS record

  struct Connection {
    enum class State { kTalking, kFlushing, kDraining };

    UniqueFd fd;
    std::unique_ptr<Conversation> conversation;
    State state = State::kTalking;
    std::string unsent;
    bool wants_write = false;
    MonoTime idle_end;            // moves with every byte received
    MonoTime end_of_life;         // does not
    MonoTime wake = kNever;       // the conversation's own timer
    MonoTime scheduled = kNever;  // under which it stands in the timer set
  };
  using Slot = std::unique_ptr<Connection>;

  Status Watch(int fd, uint32_t events, int operation);
  void OnEvent(int fd, uint32_t events);
  void AcceptSome(int listener);
  bool MakeRoom();
  void Welcome(UniqueFd fd);
  void CountOpen();
  void OnReadable(Connection& c);
  void Take(Connection& c, const Turn& turn);
  void Flush(Connection& c);
  void WatchWrites(Connection& c, bool on);
  void Schedule(Connection& c);
  void RunTimers();
  int WaitMillis() const;
  void Drop(Connection& c, bool reset);

  const Internet& internet_;
  const Listeners& listeners_;
  ServerOptions options_;
  const Clock& clock_;
  MonoTime now_{};
  UniqueFd epoll_;
  std::vector<bool> is_listener_;  // by descriptor
  std::vector<Slot> connections_;  // by descriptor
  std::set<std::pair<MonoTime, int>> timers_;
  std::array<char, kReadSize> buffer_{};
};

}  // namespace hark::lab

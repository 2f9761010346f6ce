#pragma once

// Bounds what strangers' connections can cost, where libzmq 4.3.4 has no option for it. libzmq
// gives no handle on a connection, but a message knows the descriptor it came by, and /proc knows
// all of ours; a socket that is shut down is, for libzmq, a peer that hung up.
//
//   connection --no message in kPatience--> cut      (a handshake alone, an identity held)
//   connection --kUnheardBytes without a first message, or kHeardBytes since the last--> cut
//                                                    (a multipart message that never ends: libzmq
//                                                    keeps its parts, the high-water mark counts
//                                                    whole messages)
//   more than most_unheard without a message --> the oldest of these are cut
//
// Threads: Heard from one, Inspect from one other.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "base/time.h"

namespace hark {

class ConnectionGuard {
 public:
  // A worker says HELLO at once and something every heartbeat.
  static constexpr Duration kPatience = std::chrono::seconds(30);
  // One largest message and its encryption.
  static constexpr uint64_t kUnheardBytes = 1280 << 10;
  // Twice the credit: what an honest worker can have under way while the router thread is busy.
  static constexpr uint64_t kHeardBytes = 8 << 20;

  // ports: of the TCP sockets we listen on; other sockets are not looked at.
  ConnectionGuard(std::set<uint16_t> ports, size_t most_unheard)
      : ports_(std::move(ports)), most_unheard_(most_unheard) {}

  // A whole message came by this descriptor.
  void Heard(int fd);
  // Looks at every connection. Call a few times a second.
  void Inspect(MonoTime now);

  uint64_t cut() const { return cut_; }          // by the thread that inspects
  size_t open() const { return known_.size(); }  // likewise

 private:
  struct Connection {
    ino_t socket = 0;  // tells a new connection from an old one by the same descriptor
    MonoTime since;    // first seen, or last heard
    bool heard = false;
    uint64_t bytes_then = 0;
  };

  bool IsOurs(int fd) const;
  bool Overdue(int fd, Connection& connection, bool heard_now, MonoTime now) const;
  void Cut(int fd);
  void CutOldestUnheard();

  const std::set<uint16_t> ports_;
  const size_t most_unheard_;
  std::mutex mutex_;
  std::set<int> heard_;  // since the last look; guarded by mutex_
  std::map<int, Connection> known_;
  uint64_t cut_ = 0;
};

// Room for a fleet that comes back at once, whatever the shell's limit of open files is: the soft
// limit is raised to at most kWantedDescriptors. Gives the limit as it is then.
inline constexpr size_t kWantedDescriptors = 16'384;
size_t MakeConnectionRoom();

}  // namespace hark

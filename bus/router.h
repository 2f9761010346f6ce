#pragma once

// The coordinator's end of the wire: one ROUTER socket, CURVE on every endpoint, and the ZAP
// handler that lets in only enrolled keys. Everything a message claims about itself is in its
// envelope; who sent it is its CURVE key, proven by the handshake. What connections may cost is
// bounded by ConnectionGuard and HandshakeRate, which run in the ZAP thread.
//
// Threads: one, except the allow function, which is called from the ZAP thread. One Router at a
// time per process (ZAP has one fixed inproc address).

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/status.h"
#include "bus/connection_guard.h"
#include "bus/handshake_rate.h"
#include "proto/wire.pb.h"

namespace hark {

class ZmqSocket;

struct RouterOptions {
  std::vector<std::string> endpoints;  // tcp://… or ipc://…; a * port is chosen by the system
  std::string secret_key;              // Z85
  // May this key (32 raw bytes) talk to us? Called in the ZAP thread; must be thread-safe.
  std::function<bool(std::string_view key)> allow;
  // One key (32 raw bytes) that may shake hands as often as it likes, "" = none: the operator's, who
  // makes a connection a command.
  std::string unlimited_key;
};

class Router {
 public:
  struct Incoming {
    std::string route;  // where answers go; valid as long as the connection
    std::string key;    // the sender's CURVE public key, 32 bytes
    int fd = -1;        // its connection's descriptor; see PeerOf
    proto::Envelope envelope;
  };
  enum class Sent { kSent, kGone, kFull };

  // kInvalidInput when an endpoint cannot be bound.
  static Result<std::unique_ptr<Router>> Bind(RouterOptions options);
  ~Router();

  // The endpoints as bound, with real port numbers.
  const std::vector<std::string>& endpoints() const { return endpoints_; }

  // Waits until a message is there, extra_fd (-1 = none) is readable, or the time is up.
  void Wait(int timeout_ms, int extra_fd);
  // Never blocks. A frame that is no envelope from a known key is counted and answered by nothing.
  std::optional<Incoming> Receive();
  Sent Send(const std::string& route, const proto::Envelope& envelope);

  // The far end of the TCP connection with this descriptor, "" when there is none. Together with
  // the descriptor it names one connection for as long as it lasts; ask when a message came.
  static std::string PeerOf(int fd);
  // Ends that connection if it is still the one. For keys that may no longer talk to us: libzmq
  // asks ZAP only once, at the handshake.
  static void HangUp(int fd, const std::string& peer);

  uint64_t malformed() const { return malformed_; }
  uint64_t turned_away() const { return turned_away_; }
  uint64_t cut() const { return cut_; }  // connections ConnectionGuard has ended

 private:
  explicit Router(RouterOptions options);
  Status Start();
  void WatchTheDoor();
  void AnswerZap(const std::vector<std::string>& request);

  RouterOptions options_;
  std::shared_ptr<void> context_;
  std::unique_ptr<ZmqSocket> zap_;
  std::unique_ptr<ZmqSocket> socket_;
  std::vector<std::string> endpoints_;
  std::unique_ptr<ConnectionGuard> guard_;  // made before guarding_ is set
  std::atomic<bool> guarding_{false};
  HandshakeRate handshakes_;  // of the ZAP thread
  std::thread zap_thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> turned_away_{0};
  std::atomic<uint64_t> cut_{0};
  uint64_t malformed_ = 0;
};

}  // namespace hark

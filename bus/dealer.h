#pragma once

// The worker's end of the wire: one CURVE-encrypted connection to a coordinator.
//
// ZeroMQ reconnects a broken TCP connection by itself, but never one whose handshake was refused
// (unknown key): then refused() turns true and the owner destroys the Dealer and, after a back-off,
// makes a new one. Nothing here is reliable: a message may be lost with its connection at any time,
// and the worker's session resends from its spool.
//
// Threads: one.

#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "proto/wire.pb.h"

namespace hark {

class ZmqSocket;

struct DealerOptions {
  std::string endpoint;           // tcp://host:port or ipc://path
  std::string server_public_key;  // Z85
  std::string public_key;         // own, Z85
  std::string secret_key;
};

class Dealer {
 public:
  // kInvalidInput for an endpoint or key that can never work. Does not wait for the peer.
  static Result<std::unique_ptr<Dealer>> Connect(const DealerOptions& options);
  ~Dealer();

  // False: the queue is full or the connection refused; keep the message and try later.
  bool Send(const proto::Envelope& envelope);
  // Never blocks. Frames that are no envelope are counted and skipped.
  std::optional<proto::Envelope> Receive();
  // Readable, edge-triggered, when something changed: then call Receive until nullopt. Also call it
  // until nullopt after every Send before waiting, since sending may consume the edge.
  int wake_fd() const;
  bool refused();
  uint64_t malformed() const { return malformed_; }

 private:
  Dealer();
  void DrainMonitor();

  std::unique_ptr<ZmqSocket> socket_;
  std::unique_ptr<ZmqSocket> monitor_;
  bool refused_ = false;
  uint64_t malformed_ = 0;
};

}  // namespace hark

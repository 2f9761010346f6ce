#pragma once

// Internal to bus/: owning wrappers of ZeroMQ's C API. The C API rather than cppzmq's socket_t
// because two things we rely on are not in cppzmq 4.9: option 93 by number, and metadata read from
// the body frame.

#include <zmq.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "proto/wire.pb.h"

namespace hark {

class ZmqSocket {
 public:
  ZmqSocket(std::shared_ptr<void> context, int type);
  ~ZmqSocket();
  ZmqSocket(const ZmqSocket&) = delete;
  ZmqSocket& operator=(const ZmqSocket&) = delete;

  void* get() const { return socket_; }
  void Set(int option, int value);
  void Set(int option, int64_t value);
  void Set(int option, std::string_view value);
  int GetInt(int option) const;

 private:
  std::shared_ptr<void> context_;
  void* socket_;
};

// Everything a coordinator's ROUTER must be told before it is bound: what keeps strangers out of it
// and small. Apart from Router so that a test can see what they do without a ZAP handler.
void SetRouterOptions(ZmqSocket& socket, const std::string& secret_key);

// What both ends want of TCP: IPv6 too, and a dead peer noticed in two minutes.
void SetTcpOptions(ZmqSocket& socket);

class ZmqMessage {
 public:
  ZmqMessage() { zmq_msg_init(&message_); }
  explicit ZmqMessage(std::string_view bytes);
  ~ZmqMessage() { zmq_msg_close(&message_); }
  ZmqMessage(const ZmqMessage&) = delete;
  ZmqMessage& operator=(const ZmqMessage&) = delete;

  zmq_msg_t* get() { return &message_; }
  std::string_view view() {
    return {static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
  }
  bool more() { return zmq_msg_more(&message_) != 0; }
  std::string Meta(const char* name);

 private:
  zmq_msg_t message_;
};

// "what: zmq's reason".
Status ZmqStatus(std::string_view what, int error_number);

// Bounded parse of what a peer sent: major version 1, nothing deeper than our own messages.
bool ParseEnvelope(std::string_view frame, proto::Envelope* envelope);

}  // namespace hark

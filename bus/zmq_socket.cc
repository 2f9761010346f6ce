#include "bus/zmq_socket.h"

#include <google/protobuf/io/coded_stream.h>

#include <cstring>

#include "base/log.h"
#include "base/strings.h"

namespace hark {
namespace {

// Our messages nest four deep; a stranger's may not nest further.
constexpr int kMaxProtoDepth = 12;

}  // namespace

ZmqSocket::ZmqSocket(std::shared_ptr<void> context, int type)
    : context_(std::move(context)), socket_(zmq_socket(context_.get(), type)) {
  HARK_CHECK(socket_ != nullptr);
  Set(ZMQ_LINGER, 0);  // whatever is unacknowledged is in a spool; see context.h
}

ZmqSocket::~ZmqSocket() {
  zmq_close(socket_);
}

void ZmqSocket::Set(int option, int value) {
  HARK_CHECK(zmq_setsockopt(socket_, option, &value, sizeof value) == 0);
}
void ZmqSocket::Set(int option, int64_t value) {
  HARK_CHECK(zmq_setsockopt(socket_, option, &value, sizeof value) == 0);
}
void ZmqSocket::Set(int option, std::string_view value) {
  HARK_CHECK(zmq_setsockopt(socket_, option, value.data(), value.size()) == 0);
}

int ZmqSocket::GetInt(int option) const {
  int value = 0;
  size_t size = sizeof value;
  HARK_CHECK(zmq_getsockopt(socket_, option, &value, &size) == 0);
  return value;
}

void SetTcpOptions(ZmqSocket& socket) {
  socket.Set(ZMQ_TCP_KEEPALIVE, 1);
  socket.Set(ZMQ_TCP_KEEPALIVE_IDLE, 60);  // seconds
  socket.Set(ZMQ_TCP_KEEPALIVE_INTVL, 15);
  socket.Set(ZMQ_TCP_KEEPALIVE_CNT, 4);
  socket.Set(ZMQ_IPV6, 1);
}

ZmqMessage::ZmqMessage(std::string_view bytes) {
  HARK_CHECK(zmq_msg_init_size(&message_, bytes.size()) == 0);
  std::memcpy(zmq_msg_data(&message_), bytes.data(), bytes.size());
}

std::string ZmqMessage::Meta(const char* name) {
  const char* value = zmq_msg_gets(&message_, name);
  return value == nullptr ? std::string() : std::string(value);
}

Status ZmqStatus(std::string_view what, int error_number) {
  return Unavailable(StrCat(what, ": ", zmq_strerror(error_number)));
}

bool ParseEnvelope(std::string_view frame, proto::Envelope* envelope) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(frame.data()),
                                            static_cast<int>(frame.size()));
  in.SetRecursionLimit(kMaxProtoDepth);
  return envelope->ParseFromCodedStream(&in) && in.ConsumedEntireMessage() &&
         envelope->major() == 1 && envelope->body_case() != proto::Envelope::BODY_NOT_SET;
}

}  // namespace hark

#include "bus/dealer.h"

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "bus/context.h"
#include "bus/curve.h"
#include "bus/zmq_socket.h"

namespace hark {
namespace {

constexpr int kHighWaterMark = 16;             // messages; credits stop a worker long before
constexpr int64_t kMaxMessageBytes = 4 << 20;  // what a coordinator may send us
constexpr int kHandshakeMillis = 30'000;
constexpr int kReconnectMillis = 250;
constexpr int kReconnectMaxMillis = 60'000;
// ZMTP heartbeats on the worker's side only: on both sides they cost the coordinator quadratic
// CPU. A TTL above 65.5 s overflows inside libzmq.
constexpr int kPingMillis = 15'000;
constexpr int kPingTimeoutMillis = 60'000;
static_assert(kPingTimeoutMillis <= 65'500);

constexpr int kMonitoredEvents = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                                 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                 ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;

void SetOptions(ZmqSocket& socket, const DealerOptions& options) {
  socket.Set(ZMQ_SNDHWM, kHighWaterMark);
  socket.Set(ZMQ_RCVHWM, kHighWaterMark);
  socket.Set(ZMQ_MAXMSGSIZE, kMaxMessageBytes);
  socket.Set(ZMQ_HANDSHAKE_IVL, kHandshakeMillis);
  socket.Set(ZMQ_HEARTBEAT_IVL, kPingMillis);
  socket.Set(ZMQ_HEARTBEAT_TIMEOUT, kPingTimeoutMillis);
  socket.Set(ZMQ_HEARTBEAT_TTL, kPingTimeoutMillis);
  socket.Set(ZMQ_RECONNECT_IVL, kReconnectMillis);
  socket.Set(ZMQ_RECONNECT_IVL_MAX, kReconnectMaxMillis);
  SetTcpOptions(socket);
  socket.Set(ZMQ_CURVE_SERVERKEY, options.server_public_key);
  socket.Set(ZMQ_CURVE_PUBLICKEY, options.public_key);
  socket.Set(ZMQ_CURVE_SECRETKEY, options.secret_key);
}

std::string NewMonitorEndpoint() {
  static std::atomic<uint64_t> counter{0};  // inproc names are the process's
  return StrCat("inproc://hark-dealer-monitor-", counter.fetch_add(1));
}

}  // namespace

Dealer::Dealer() = default;

Dealer::~Dealer() {
  if (socket_ != nullptr) zmq_socket_monitor(socket_->get(), nullptr, 0);
}

Result<std::unique_ptr<Dealer>> Dealer::Connect(const DealerOptions& options) {
  for (const std::string* key :
       {&options.server_public_key, &options.public_key, &options.secret_key}) {
    if (!IsCurveKey(*key)) return InvalidInput("a CURVE key is not 40 characters of Z85");
  }
  std::shared_ptr<void> context = SharedZmqContext();
  std::unique_ptr<Dealer> dealer(new Dealer);
  dealer->socket_ = std::make_unique<ZmqSocket>(context, ZMQ_DEALER);
  SetOptions(*dealer->socket_, options);

  // The reader connects before anything can happen, and its queue is unbounded (RCVHWM 0): an
  // event nobody reads would otherwise block libzmq's I/O thread.
  const std::string endpoint = NewMonitorEndpoint();
  zmq_socket_monitor(dealer->socket_->get(), endpoint.c_str(), kMonitoredEvents);
  dealer->monitor_ = std::make_unique<ZmqSocket>(context, ZMQ_PAIR);
  dealer->monitor_->Set(ZMQ_RCVHWM, 0);
  if (zmq_connect(dealer->monitor_->get(), endpoint.c_str()) != 0) {
    return ZmqStatus("monitor", zmq_errno());
  }
  if (zmq_connect(dealer->socket_->get(), options.endpoint.c_str()) != 0) {
    return InvalidInput(
        StrCat("coordinator endpoint '", options.endpoint, "': ", zmq_strerror(zmq_errno())));
  }
  return dealer;
}

bool Dealer::Send(const proto::Envelope& envelope) {
  DrainMonitor();
  if (refused_) return false;
  const std::string bytes = envelope.SerializeAsString();
  return zmq_send(socket_->get(), bytes.data(), bytes.size(), ZMQ_DONTWAIT) >= 0;
}

std::optional<proto::Envelope> Dealer::Receive() {
  DrainMonitor();
  for (;;) {
    ZmqMessage message;
    if (zmq_msg_recv(message.get(), socket_->get(), ZMQ_DONTWAIT) < 0) return std::nullopt;
    proto::Envelope envelope;
    const bool single = !message.more();
    if (single && ParseEnvelope(message.view(), &envelope)) return envelope;
    ++malformed_;
  }
}

int Dealer::wake_fd() const {
  return socket_->GetInt(ZMQ_FD);
}

bool Dealer::refused() {
  DrainMonitor();
  return refused_;
}

void Dealer::DrainMonitor() {
  for (;;) {
    ZmqMessage event;
    if (zmq_msg_recv(event.get(), monitor_->get(), ZMQ_DONTWAIT) < 0) return;
    uint16_t id = 0;
    if (event.view().size() >= sizeof id) std::memcpy(&id, event.view().data(), sizeof id);
    // After a refusal by ZAP libzmq 4.3.4 never reconnects this socket.
    if (id == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) refused_ = true;
    ZmqMessage address;
    zmq_msg_recv(address.get(), monitor_->get(), ZMQ_DONTWAIT);
  }
}

}  // namespace hark

#include "bus/router.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/log.h"
#include "base/strings.h"
#include "bus/context.h"
#include "bus/zmq_socket.h"

namespace hark {
namespace {

constexpr char kZapEndpoint[] = "inproc://zeromq.zap.01";
constexpr char kZapDomain[] = "hark";
// ZMQ_ZAP_ENFORCE_DOMAIN. The name is among the drafts in 4.3.4's header, the option is not:
// without it a ROUTER whose handler is missing lets every key pair in.
constexpr int kZapEnforceDomain = 93;
constexpr int kHighWaterMark = 64;             // messages a peer; credits are the real limit
constexpr int64_t kMaxMessageBytes = 1 << 20;  // a batch is at most 256 KiB
constexpr int kHandshakeMillis = 10'000;
constexpr int kBacklog = 4096;  // a fleet that reconnects at once
constexpr int kZapPollMillis = 100;
constexpr Duration kInspectEvery = std::chrono::milliseconds(250);
// Of the descriptors there are: strangers may not take those of the workers and the store.
constexpr size_t kUnheardShare = 2;
constexpr int kZapFrames = 7;  // version, request, domain, address, identity, mechanism, key

// The ports of the TCP endpoints, as bound.
std::set<uint16_t> PortsOf(const std::vector<std::string>& endpoints) {
  std::set<uint16_t> ports;
  for (const std::string& endpoint : endpoints) {
    const auto port = ParseUint(endpoint.substr(endpoint.rfind(':') + 1));
    if (endpoint.starts_with("tcp://") && port) ports.insert(static_cast<uint16_t>(*port));
  }
  return ports;
}

// As an operator wrote it: libzmq with IPv6 on reports tcp://[::ffff:192.0.2.1]:7170.
std::string PlainEndpoint(std::string_view bound) {
  constexpr std::string_view kMapped = "tcp://[::ffff:";
  const size_t end = bound.find(']');
  if (!bound.starts_with(kMapped) || end == bound.npos) return std::string(bound);
  return StrCat("tcp://", bound.substr(kMapped.size(), end - kMapped.size()),
                bound.substr(end + 1));
}

void SendFrame(ZmqSocket& socket, std::string_view frame, bool more) {
  zmq_send(socket.get(), frame.data(), frame.size(), more ? ZMQ_SNDMORE : 0);
}

std::vector<std::string> ReceiveFrames(ZmqSocket& socket) {
  std::vector<std::string> frames;
  bool more = true;
  while (more) {
    ZmqMessage frame;
    if (zmq_msg_recv(frame.get(), socket.get(), 0) < 0) return {};
    frames.emplace_back(frame.view());
    more = frame.more();
  }
  return frames;
}

}  // namespace

void SetRouterOptions(ZmqSocket& socket, const std::string& secret_key) {
  socket.Set(ZMQ_ROUTER_MANDATORY, 1);
  socket.Set(ZMQ_RCVHWM, kHighWaterMark);
  socket.Set(ZMQ_SNDHWM, kHighWaterMark);
  socket.Set(ZMQ_MAXMSGSIZE, kMaxMessageBytes);
  socket.Set(ZMQ_HANDSHAKE_IVL, kHandshakeMillis);
  socket.Set(ZMQ_BACKLOG, kBacklog);
  SetTcpOptions(socket);
  socket.Set(ZMQ_CURVE_SERVER, 1);
  socket.Set(ZMQ_CURVE_SECRETKEY, secret_key);
  socket.Set(ZMQ_ZAP_DOMAIN, std::string_view(kZapDomain));
  socket.Set(kZapEnforceDomain, 1);
}

Router::Router(RouterOptions options)
    : options_(std::move(options)), context_(SharedZmqContext()) {}

Router::~Router() {
  stopping_ = true;
  if (zap_thread_.joinable()) zap_thread_.join();
}

Result<std::unique_ptr<Router>> Router::Bind(RouterOptions options) {
  std::unique_ptr<Router> router(new Router(std::move(options)));
  HARK_RETURN_IF_ERROR(router->Start());
  return router;
}

// The handler first, then the domain, then the socket: in any other order there is a moment in
// which every key is welcome.
Status Router::Start() {
  zap_ = std::make_unique<ZmqSocket>(context_, ZMQ_REP);
  zap_->Set(ZMQ_RCVTIMEO, kZapPollMillis);
  if (zmq_bind(zap_->get(), kZapEndpoint) != 0) return ZmqStatus("ZAP handler", zmq_errno());
  zap_thread_ = std::thread([this] { WatchTheDoor(); });

  socket_ = std::make_unique<ZmqSocket>(context_, ZMQ_ROUTER);
  SetRouterOptions(*socket_, options_.secret_key);
  for (const std::string& endpoint : options_.endpoints) {
    if (zmq_bind(socket_->get(), endpoint.c_str()) != 0) {
      return InvalidInput(StrCat("cannot listen on '", endpoint, "': ", zmq_strerror(zmq_errno()),
                                 "; give tcp://ADDRESS:PORT of this machine"));
    }
    char bound[256];
    size_t size = sizeof bound;
    zmq_getsockopt(socket_->get(), ZMQ_LAST_ENDPOINT, bound, &size);
    endpoints_.push_back(PlainEndpoint(bound));
  }
  guard_ =
      std::make_unique<ConnectionGuard>(PortsOf(endpoints_), MakeConnectionRoom() / kUnheardShare);
  guarding_ = true;
  return Status::Ok();
}

void Router::WatchTheDoor() {
  const SystemClock clock;
  MonoTime inspect_at = clock.Now();
  while (!stopping_) {
    const std::vector<std::string> request = ReceiveFrames(*zap_);
    if (!request.empty()) AnswerZap(request);  // else a time-out: look at stopping_
    if (!guarding_ || clock.Now() < inspect_at) continue;
    guard_->Inspect(clock.Now());
    cut_ = guard_->cut();
    inspect_at = clock.Now() + kInspectEvery;
  }
}

void Router::AnswerZap(const std::vector<std::string>& request) {
  const bool known =
      request.size() == kZapFrames && request[0] == "1.0" && request[2] == kZapDomain &&
      request[5] == "CURVE" && request[6].size() == 32 && options_.allow(request[6]) &&
      (request[6] == options_.unlimited_key || handshakes_.Allow(request[6], SystemClock().Now()));
  if (!known) ++turned_away_;
  SendFrame(*zap_, "1.0", true);
  SendFrame(*zap_, request.size() > 1 ? request[1] : "", true);
  SendFrame(*zap_, known ? "200" : "400", true);
  SendFrame(*zap_, known ? "OK" : "not enrolled", true);
  SendFrame(*zap_, known ? HexEncode(request[6]) : "", true);
  SendFrame(*zap_, "", false);
}

void Router::Wait(int timeout_ms, int extra_fd) {
  zmq_pollitem_t items[2] = {{socket_->get(), 0, ZMQ_POLLIN, 0},
                             {nullptr, extra_fd, ZMQ_POLLIN, 0}};
  zmq_poll(items, extra_fd >= 0 ? 2 : 1, timeout_ms);
}

std::optional<Router::Incoming> Router::Receive() {
  for (;;) {
    ZmqMessage route;
    if (zmq_msg_recv(route.get(), socket_->get(), ZMQ_DONTWAIT) < 0) return std::nullopt;
    Incoming incoming;
    incoming.route = route.view();
    bool good = route.more();
    bool more = route.more();
    int came_by = -1;
    for (int frame = 0; more; ++frame) {
      ZmqMessage body;
      if (zmq_msg_recv(body.get(), socket_->get(), 0) < 0) return std::nullopt;
      more = body.more();
      came_by = zmq_msg_get(body.get(), ZMQ_SRCFD);
      // The identity is read from the body frame: 4.3.4 loses it on the route frame after a poll.
      const std::optional<std::string> key = HexDecode(body.Meta("User-Id"));
      good = good && frame == 0 && key && key->size() == 32 &&
             ParseEnvelope(body.view(), &incoming.envelope);
      if (!good) continue;
      incoming.key = *key;
      incoming.fd = zmq_msg_get(body.get(), ZMQ_SRCFD);
    }
    if (came_by >= 0) guard_->Heard(came_by);
    if (good) return incoming;
    ++malformed_;
  }
}

Router::Sent Router::Send(const std::string& route, const proto::Envelope& envelope) {
  if (zmq_send(socket_->get(), route.data(), route.size(), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
    return zmq_errno() == EHOSTUNREACH ? Sent::kGone : Sent::kFull;
  }
  const std::string bytes = envelope.SerializeAsString();
  if (zmq_send(socket_->get(), bytes.data(), bytes.size(), ZMQ_DONTWAIT) < 0) return Sent::kGone;
  return Sent::kSent;
}

std::string Router::PeerOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool is_tcp = fd >= 0 && getpeername(fd, generic, &size) == 0 &&
                      (generic->sa_family == AF_INET || generic->sa_family == AF_INET6);
  return is_tcp ? std::string(reinterpret_cast<const char*>(&address), size) : std::string();
}

// Only shut down: the descriptor is libzmq's, whose I/O thread reads the end and closes it. Between
// the look and the call it may in theory become another worker's, which then merely reconnects.
void Router::HangUp(int fd, const std::string& peer) {
  if (!peer.empty() && PeerOf(fd) == peer) shutdown(fd, SHUT_RDWR);
}

}  // namespace hark

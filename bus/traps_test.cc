// The ways in which a careful use of ZeroMQ goes wrong, each with the test that it does not here.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "bus/context.h"
#include "bus/curve.h"
#include "bus/dealer.h"
#include "bus/router.h"
#include "bus/zmq_socket.h"

namespace hark {
namespace {

using std::chrono::steady_clock;

proto::Envelope Request(uint32_t slots) {
  proto::Envelope envelope;
  envelope.set_major(1);
  envelope.mutable_request()->set_slots(slots);
  return envelope;
}

uint16_t PortOf(const std::string& endpoint) {
  return static_cast<uint16_t>(*ParseUint(endpoint.substr(endpoint.rfind(':') + 1)));
}

UniqueFd ConnectTo(uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  return fd;
}

class TrapsTest : public testing::Test {
 protected:
  void SetUp() override {
    RouterOptions options;
    options.endpoints = {"tcp://127.0.0.1:*"};
    options.secret_key = server_.secret_key;
    options.allow = [this](std::string_view key) {
      while (handler_hangs_) handler_hangs_.wait(true);
      return allowed_ && key == CurveKeyBytes(worker_.public_key);
    };
    Result<std::unique_ptr<Router>> router = Router::Bind(std::move(options));
    ASSERT_TRUE(router.ok()) << router.status().message();
    router_ = std::move(router).value();
  }
  void TearDown() override { LetTheHandlerGo(); }

  void LetTheHandlerGo() {
    handler_hangs_ = false;
    handler_hangs_.notify_all();
  }

  std::unique_ptr<Dealer> Connect(const std::string& endpoint) {
    auto dealer =
        Dealer::Connect({endpoint, server_.public_key, worker_.public_key, worker_.secret_key});
    EXPECT_TRUE(dealer.ok());
    return std::move(dealer).value();
  }
  std::unique_ptr<Dealer> Connect() { return Connect(router_->endpoints().front()); }

  // A DEALER with the worker's key that may do what Dealer does not.
  std::unique_ptr<ZmqSocket> RawDealer() {
    auto socket = std::make_unique<ZmqSocket>(SharedZmqContext(), ZMQ_DEALER);
    socket->Set(ZMQ_CURVE_SERVERKEY, server_.public_key);
    socket->Set(ZMQ_CURVE_PUBLICKEY, worker_.public_key);
    socket->Set(ZMQ_CURVE_SECRETKEY, worker_.secret_key);
    socket->Set(ZMQ_SNDHWM, 0);
    EXPECT_EQ(zmq_connect(socket->get(), router_->endpoints().front().c_str()), 0);
    return socket;
  }
  static void SendPart(ZmqSocket& socket, const std::string& part, bool more) {
    EXPECT_GE(zmq_send(socket.get(), part.data(), part.size(), more ? ZMQ_SNDMORE : 0), 0);
  }

  std::optional<Router::Incoming> WaitForMessage(int patience_ms = 20'000) {
    const auto until = steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (steady_clock::now() < until) {
      if (auto incoming = router_->Receive()) return incoming;
      router_->Wait(20, -1);
    }
    return std::nullopt;
  }

  const KeyPair server_ = GenerateKeyPair();
  const KeyPair worker_ = GenerateKeyPair();
  std::atomic<bool> handler_hangs_{false};
  std::atomic<bool> allowed_{true};
  std::unique_ptr<Router> router_;
};

// Does a ROUTER with these options, and nobody who answers ZAP requests, give a message through?
bool LetsAnybodyIn(bool enforce_domain) {
  const KeyPair server = GenerateKeyPair(), stranger = GenerateKeyPair();
  ZmqSocket router(SharedZmqContext(), ZMQ_ROUTER);
  SetRouterOptions(router, server.secret_key);
  constexpr int kZapEnforceDomain = 93;
  if (!enforce_domain) router.Set(kZapEnforceDomain, 0);
  EXPECT_EQ(zmq_bind(router.get(), "tcp://127.0.0.1:*"), 0);
  char endpoint[256];
  size_t size = sizeof endpoint;
  zmq_getsockopt(router.get(), ZMQ_LAST_ENDPOINT, endpoint, &size);
  auto dealer =
      Dealer::Connect({endpoint, server.public_key, stranger.public_key, stranger.secret_key});
  (*dealer)->Send(Request(1));
  router.Set(ZMQ_RCVTIMEO, enforce_domain ? 500 : 20'000);
  ZmqMessage route;
  return zmq_msg_recv(route.get(), router.get(), 0) >= 0;
}

TEST(ZapOption93Test, WithoutAZapHandlerEveryKeyIsRefused) {
  EXPECT_TRUE(LetsAnybodyIn(false)) << "the trap is gone; is the option still needed?";
  EXPECT_FALSE(LetsAnybodyIn(true));
}

TEST_F(TrapsTest, WhileTheZapHandlerHangsNobodyGetsIn) {
  handler_hangs_ = true;
  auto dealer = Connect();
  dealer->Send(Request(4));
  EXPECT_FALSE(WaitForMessage(300));
  LetTheHandlerGo();
  const auto incoming = WaitForMessage();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->envelope.request().slots(), 4U);
}

// 4.3.4 loses the metadata of the route frame when a poll came before the receive.
TEST_F(TrapsTest, TheIdentityComesFromTheBodyFrameAlsoAfterAPoll) {
  auto dealer = Connect();
  dealer->Send(Request(1));
  router_->Wait(20'000, -1);
  std::optional<Router::Incoming> incoming = WaitForMessage();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->key, CurveKeyBytes(worker_.public_key));
}

TEST_F(TrapsTest, NoMonitorOnTheRouterSoJunkByTheThousandDoesNotMakeItDeaf) {
  const uint16_t port = PortOf(router_->endpoints().front());
  for (int i = 0; i < 1500; ++i) {
    const UniqueFd fd = ConnectTo(port);
    send(fd.get(), "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL);
  }
  auto dealer = Connect();
  dealer->Send(Request(5));
  EXPECT_TRUE(WaitForMessage());
}

TEST_F(TrapsTest, ARefusedDealerStaysDeadAndANewOneGetsInOnceItIsAllowed) {
  allowed_ = false;
  auto dealer = Connect();
  while (!dealer->refused()) router_->Wait(5, -1);
  EXPECT_FALSE(dealer->Send(Request(1)));
  allowed_ = true;
  EXPECT_TRUE(dealer->refused()) << "libzmq would never tell";
  dealer = Connect();
  EXPECT_TRUE(dealer->Send(Request(2)));
  const auto incoming = WaitForMessage();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->envelope.request().slots(), 2U);
}

TEST_F(TrapsTest, AMultipartMessageIsCountedAndSkippedWhole) {
  const auto raw = RawDealer();
  const std::string good = Request(7).SerializeAsString();
  SendPart(*raw, good, true);
  SendPart(*raw, good, true);
  SendPart(*raw, good, false);
  SendPart(*raw, Request(8).SerializeAsString(), false);
  const auto incoming = WaitForMessage();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->envelope.request().slots(), 8U);
  EXPECT_EQ(router_->malformed(), 1U);
}

// With heartbeats on both sides the same stall cuts a healthy connection and loses what it carried.
TEST_F(TrapsTest, AStallBeyondTheHighWaterMarkLosesNothing) {
  auto dealer = Connect();
  dealer->Send(Request(0));
  ASSERT_TRUE(WaitForMessage());
  constexpr uint32_t kMessages = 300;  // more than both high-water marks hold
  proto::Envelope large = Request(0);
  large.mutable_batch()->set_payload(std::string(64 << 10, 'x'));
  uint32_t sent = 0, received = 0;
  const auto send_what_fits = [&] {
    for (; sent < kMessages; ++sent) {
      large.mutable_batch()->set_seq(sent);
      if (!dealer->Send(large)) return;
    }
  };
  while (received < kMessages) {
    for (uint32_t before = sent + 1; before != sent;) {  // until it is full: nobody reads
      before = sent;
      send_what_fits();
      router_->Wait(1, -1);
    }
    const auto incoming = WaitForMessage();
    ASSERT_TRUE(incoming) << received << " of " << sent;
    EXPECT_EQ(incoming->envelope.batch().seq(), received++);
  }
}

TEST_F(TrapsTest, AMessageBeyondTheLimitCostsItsSenderAloneTheConnection) {
  auto bystander = Connect();
  bystander->Send(Request(1));
  const auto hello = WaitForMessage();
  ASSERT_TRUE(hello);
  const auto raw = RawDealer();
  SendPart(*raw, std::string(2 << 20, 'x'), false);
  EXPECT_FALSE(WaitForMessage(100));
  EXPECT_EQ(router_->malformed(), 0U) << "it arrived";
  bystander->Send(Request(2));
  const auto next = WaitForMessage();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->route, hello->route) << "the bystander had to come again";
}

// A second connection under a routing id that was chosen is swallowed without a word; ids that the
// ROUTER gives are never doubled.
TEST_F(TrapsTest, TwoConnectionsOfOneKeyAreBothHeardOnRoutesOfTheirOwn) {
  auto first = Connect();
  auto second = Connect();
  first->Send(Request(1));
  const auto a = WaitForMessage();
  second->Send(Request(2));
  const auto b = WaitForMessage();
  ASSERT_TRUE(a && b);
  EXPECT_NE(a->route, b->route);
  EXPECT_EQ(a->key, b->key);
}

TEST_F(TrapsTest, AFrameThatSaysItIsHugeIsHungUpOnUnread) {
  const UniqueFd fd = ConnectTo(PortOf(router_->endpoints().front()));
  std::string bytes("\xff\0\0\0\0\0\0\0\1\x7f\3\1CURVE", 17);
  bytes.resize(64, '\0');                           // ZMTP 3.1 greeting
  bytes += std::string("\6\x80\0\0\0\0\0\0\0", 9);  // a command of 2^63 bytes
  ASSERT_EQ(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 73);
  char answer[256];
  ssize_t n = 0, total = 0;
  while ((n = recv(fd.get(), answer, sizeof answer, 0)) > 0) total += n;
  EXPECT_LE(total, 64) << "more than its greeting";
}

// ZMTP 1 and 2 know no encryption: a peer that says it is that old would talk in plain.
TEST_F(TrapsTest, APeerThatSpeaksAnOldZmtpIsHungUpOn) {
  for (const char revision : {'\0', '\1'}) {
    const UniqueFd fd = ConnectTo(PortOf(router_->endpoints().front()));
    std::string bytes("\xff\0\0\0\0\0\0\0\1\x7f", 10);
    bytes += revision;
    bytes += std::string("\5\0\0", 3);  // a DEALER without an identity
    bytes += "\0\4junk";
    ASSERT_GT(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
    char answer[256];
    while (recv(fd.get(), answer, sizeof answer, 0) > 0) {
    }
  }
  EXPECT_FALSE(WaitForMessage(50));
}

TEST_F(TrapsTest, AKeyThatShakesHandsAllTheTimeIsTurnedAwayAndNobodyElse) {
  for (int i = 0; router_->turned_away() == 0; ++i) {
    ASSERT_LE(i, 2 * HandshakeRate::kMost);
    auto dealer = Connect();
    dealer->Send(Request(1));
    while (!dealer->refused() && !WaitForMessage(20)) {
    }
  }
}

TEST(HandshakeRateTest, CountsAKeyAWindow) {
  HandshakeRate rate;
  const MonoTime start{std::chrono::hours(1)};
  for (int i = 0; i < HandshakeRate::kMost; ++i) EXPECT_TRUE(rate.Allow("a", start));
  EXPECT_FALSE(rate.Allow("a", start));
  EXPECT_TRUE(rate.Allow("b", start));
  EXPECT_TRUE(rate.Allow("a", start + HandshakeRate::kWindow));
}

// libsodium's random state is the process's: contexts that end beside each other race on it.
TEST(ContextTest, IsOneForTheProcess) {
  const auto first = SharedZmqContext();
  EXPECT_EQ(first, SharedZmqContext());
}

}  // namespace
}  // namespace hark

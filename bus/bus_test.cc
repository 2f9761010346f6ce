#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>

#include "base/random.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "bus/curve.h"
#include "bus/dealer.h"
#include "bus/router.h"

namespace hark {
namespace {

proto::Envelope Request(uint32_t slots) {
  proto::Envelope envelope;
  envelope.set_major(1);
  envelope.set_session(7);
  envelope.mutable_request()->set_slots(slots);
  return envelope;
}

// A coordinator that lets one key in, on a port the system chose.
class BusTest : public testing::Test {
 protected:
  void SetUp() override {
    RouterOptions options;
    options.endpoints = {"tcp://127.0.0.1:*"};
    options.secret_key = server_.secret_key;
    options.allow = [this](std::string_view key) {
      return key == CurveKeyBytes(worker_.public_key);
    };
    Result<std::unique_ptr<Router>> router = Router::Bind(std::move(options));
    ASSERT_TRUE(router.ok()) << router.status().message();
    router_ = std::move(router).value();
  }

  std::unique_ptr<Dealer> Connect(const KeyPair& keys, const std::string& server_key) {
    auto dealer = Dealer::Connect(
        {router_->endpoints().front(), server_key, keys.public_key, keys.secret_key});
    EXPECT_TRUE(dealer.ok());
    return std::move(dealer).value();
  }

  std::optional<Router::Incoming> WaitForMessage(int patience_ms = 5000) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (std::chrono::steady_clock::now() < until) {
      if (auto incoming = router_->Receive()) return incoming;
      router_->Wait(20, -1);
    }
    return std::nullopt;
  }

  const KeyPair server_ = GenerateKeyPair();
  const KeyPair worker_ = GenerateKeyPair();
  std::unique_ptr<Router> router_;
};

TEST_F(BusTest, NamesItsEndpointAsAWorkerWouldWriteIt) {
  EXPECT_EQ(router_->endpoints().front().rfind("tcp://127.0.0.1:", 0), 0U)
      << router_->endpoints().front();
}

TEST_F(BusTest, CarriesEnvelopesBothWaysAndNamesTheSender) {
  auto dealer = Connect(worker_, server_.public_key);
  ASSERT_TRUE(dealer->Send(Request(3)));
  const auto incoming = WaitForMessage();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->key, CurveKeyBytes(worker_.public_key));
  EXPECT_EQ(incoming->envelope.request().slots(), 3U);

  EXPECT_EQ(router_->Send(incoming->route, Request(9)), Router::Sent::kSent);
  std::optional<proto::Envelope> answer;
  while (!(answer = dealer->Receive())) router_->Wait(5, dealer->wake_fd());
  EXPECT_EQ(answer->request().slots(), 9U);
}

// Whoever may talk to us could fill our log with lines of protobuf's own.
TEST_F(BusTest, WritesNothingToStderrAboutTextThatIsNotUtf8) {
  auto dealer = Connect(worker_, server_.public_key);
  proto::Envelope envelope = Request(1);
  envelope.mutable_bye()->set_reason("\xff\xfe");
  testing::internal::CaptureStderr();
  ASSERT_TRUE(dealer->Send(envelope));
  ASSERT_TRUE(dealer->Send(Request(2)));
  const auto incoming = WaitForMessage();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  ASSERT_TRUE(incoming);
}

TEST_F(BusTest, TurnsAStrangerAwayAndTellsIt) {
  auto dealer = Connect(GenerateKeyPair(), server_.public_key);
  dealer->Send(Request(1));
  while (!dealer->refused()) EXPECT_FALSE(WaitForMessage(20));
  EXPECT_GE(router_->turned_away(), 1U);
}

TEST_F(BusTest, StaysDeafToTheWrongServerKeyAndToJunk) {
  auto wrong = Connect(worker_, GenerateKeyPair().public_key);
  wrong->Send(Request(1));
  const std::string endpoint = router_->endpoints().front();
  const auto port = ParseUint(endpoint.substr(endpoint.rfind(':') + 1));
  Random random(1);
  for (int i = 0; i < 50; ++i) {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(*port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    std::string junk;
    for (uint64_t n = random.Below(3000); n > 0; --n) junk += static_cast<char>(random.Next());
    send(fd.get(), junk.data(), junk.size(), MSG_NOSIGNAL);
  }
  auto dealer = Connect(worker_, server_.public_key);
  dealer->Send(Request(5));
  const auto incoming = WaitForMessage();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->envelope.request().slots(), 5U);
}

TEST_F(BusTest, SaysThatAPeerIsGone) {
  auto dealer = Connect(worker_, server_.public_key);
  dealer->Send(Request(1));
  const auto incoming = WaitForMessage();
  ASSERT_TRUE(incoming);
  dealer.reset();
  while (router_->Send(incoming->route, Request(1)) != Router::Sent::kGone) router_->Wait(1, -1);
}

TEST_F(BusTest, HangsUpOnOneConnectionAndNotOnTheNextWithItsDescriptor) {
  auto dealer = Connect(worker_, server_.public_key);
  dealer->Send(Request(1));
  auto incoming = WaitForMessage();
  ASSERT_TRUE(incoming);
  const std::string peer = Router::PeerOf(incoming->fd);
  ASSERT_FALSE(peer.empty());
  EXPECT_TRUE(Router::PeerOf(-1).empty());

  Router::HangUp(incoming->fd, "somebody else");
  dealer->Send(Request(2));
  incoming = WaitForMessage();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(Router::PeerOf(incoming->fd), peer);

  Router::HangUp(incoming->fd, peer);
  do {  // it reconnects by itself, from another port
    dealer->Send(Request(3));
    incoming = WaitForMessage(500);
  } while (!incoming || Router::PeerOf(incoming->fd) == peer);
  EXPECT_EQ(incoming->key, CurveKeyBytes(worker_.public_key));
}

TEST_F(BusTest, SkipsEnvelopesOfAnotherMajorVersion) {
  auto dealer = Connect(worker_, server_.public_key);
  proto::Envelope future = Request(1);
  future.set_major(2);
  dealer->Send(future);
  dealer->Send(Request(2));
  const auto incoming = WaitForMessage();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->envelope.request().slots(), 2U);
  EXPECT_EQ(router_->malformed(), 1U);
}

TEST(CurveTest, KnowsAKeyWhenItSeesOne) {
  const KeyPair keys = GenerateKeyPair();
  EXPECT_TRUE(IsCurveKey(keys.public_key));
  EXPECT_FALSE(IsCurveKey("short"));
  EXPECT_EQ(*PublicKeyOf(keys.secret_key), keys.public_key);
  EXPECT_FALSE(PublicKeyOf("not a key").ok());
}

}  // namespace
}  // namespace hark

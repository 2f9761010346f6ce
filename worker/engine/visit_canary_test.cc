// Canary ports: who answers on every port there is.

#include <gtest/gtest.h>

#include <set>

#include "worker/engine/engine.h"
#include "worker/engine/engine_test_util.h"

namespace hark {
namespace {

using std::chrono::milliseconds;

const Address kHost = Address::V4(INADDR_LOOPBACK);

// A listener on a port that was chosen for it.
UniqueFd ListenAt(uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const SocketAddress where = ToSocketAddress(kHost, port);
  if (bind(fd.get(), where.get(), where.size) != 0 || listen(fd.get(), 8) != 0) return UniqueFd();
  return fd;
}

class VisitCanaryTest : public ::testing::Test {
 protected:
  VisitCanaryTest() {
    EngineOptions options;
    options.probes_per_second = 1e6;
    options.goodbye_wait = milliseconds(5);
    engine_ = *Engine::Create(options, clock_);
    policy_ = std::make_shared<ContactPolicy>();
    policy_->canary_ports = 2;
    policy_->make_survey = [this](uint16_t port, const Address&) {
      return std::make_unique<ScriptedSurvey>(port, SurveyScript{.conversations = 1}, &heard_);
    };
  }
  VisitResult VisitPorts(std::vector<uint16_t> ports, LoopbackServer& server) {
    std::optional<VisitResult> result;
    engine_->Visit(policy_, kHost, std::move(ports), [&](VisitResult r) { result = std::move(r); });
    std::vector<UniqueFd> peers;
    while (!result) {
      engine_->RunOnce(milliseconds(5));
      UniqueFd peer = server.Accept();
      if (!peer.valid()) continue;
      Say(peer, "hello\n");
      peers.push_back(std::move(peer));
    }
    return std::move(*result);
  }
  // Both canary ports of the host, free to listen on; looks for a key of such.
  std::vector<UniqueFd> ListenOnCanaries(const std::vector<uint16_t>& asked) {
    std::vector<UniqueFd> listeners;
    while (listeners.size() < 2) {
      listeners.clear();
      ++policy_->canary_key;
      for (int i = 0; i < 2; ++i) {
        UniqueFd fd = ListenAt(CanaryPortOf(policy_->canary_key, kHost, asked, i));
        if (fd.valid()) listeners.push_back(std::move(fd));
      }
    }
    return listeners;
  }

  SystemClock clock_;
  std::unique_ptr<Engine> engine_;
  PolicyPtr policy_;
  std::vector<std::string> heard_;
};

TEST_F(VisitCanaryTest, AHostThatAnswersOnBothIsTaggedAndKeepsWhatItShowed) {
  LoopbackServer server;
  const auto listeners = ListenOnCanaries({server.port()});
  const VisitResult result = VisitPorts({server.port()}, server);
  EXPECT_TRUE(result.answers_all);
  EXPECT_EQ(result.end, VisitResult::End::kVisited);
  ASSERT_EQ(result.ports.size(), 1U);
  EXPECT_EQ(result.ports[0].outcome, Outcome::kOk);
  EXPECT_EQ(engine_->stats().probes_sent, 3U);
}

TEST_F(VisitCanaryTest, OneThatDoesNotAnswerIsEnough) {
  LoopbackServer server;
  auto listeners = ListenOnCanaries({server.port()});
  listeners.erase(listeners.begin());
  const VisitResult result = VisitPorts({server.port()}, server);
  EXPECT_FALSE(result.answers_all);
  EXPECT_EQ(result.ports.size(), 1U);
  EXPECT_EQ(engine_->stats().probes_sent, 2U);
}

TEST_F(VisitCanaryTest, AHostThatRefusedAPortIsNotAsked) {
  LoopbackServer server;
  const uint16_t closed = LoopbackServer::ClosedPort();
  const VisitResult result = VisitPorts({server.port(), closed}, server);
  EXPECT_FALSE(result.answers_all);
  EXPECT_EQ(result.ports.size(), 2U);
  EXPECT_EQ(engine_->stats().probes_sent, 2U);
}

TEST_F(VisitCanaryTest, WithoutCanaryPortsNobodyIsAsked) {
  policy_->canary_ports = 0;
  LoopbackServer server;
  EXPECT_FALSE(VisitPorts({server.port()}, server).answers_all);
  EXPECT_EQ(engine_->stats().probes_sent, 1U);
}

TEST_F(VisitCanaryTest, PortsDifferByHostAndAreNeverOnesThatWereAsked) {
  std::set<uint16_t> seen;
  for (uint32_t host = 0; host < 500; ++host) {
    const Address address = Address::V4(0x0a000000 + host);
    const uint16_t first = CanaryPortOf(7, address, {}, 0);
    const uint16_t second = CanaryPortOf(7, address, {first}, 1);
    EXPECT_NE(first, second);
    EXPECT_NE(CanaryPortOf(7, address, {first}, 0), first);
    EXPECT_GE(first, 20'000);
    seen.insert(first);
  }
  EXPECT_GT(seen.size(), 480U);
}

}  // namespace
}  // namespace hark

// Runs that share an engine with rates of their own, and hosts that must not be talked to any more.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <map>

#include "worker/engine/engine_loop.h"
#include "worker/engine/engine_test_util.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Each;

constexpr Duration kPatience = seconds(20);

Address Host(uint32_t third, uint32_t last) {
  return Address::V4(0x7f000000 | third << 8 | last);
}

// With one engine in the test's thread, and with three of their own.
class SharedEngineTest : public ::testing::TestWithParam<size_t> {
 protected:
  SharedEngineTest()
      : engine_(*MakeEngineLoop(
            {.max_in_flight = 256, .probes_per_second = 1e6, .goodbye_wait = milliseconds(1)},
            GetParam(), clock_)) {}

  PolicyPtr NewPolicy(PacerPtr pacer = nullptr) {
    const auto policy = std::make_shared<ContactPolicy>();
    policy->pacer = std::move(pacer);
    policy->make_survey = [this](uint16_t port, const Address&) {
      return std::make_unique<ScriptedSurvey>(port, script_, &Heard());
    };
    return policy;
  }
  // Surveys are made in the engines' threads, and stay there.
  static std::vector<std::string>& Heard() {
    static thread_local std::vector<std::string> heard;
    return heard;
  }
  PacerPtr NewPacer(const PaceLimits& limits) {
    const auto pacer = std::make_shared<RunPacer>(clock_.Now());
    pacer->SetLimits(limits, clock_.Now());
    return pacer;
  }
  void Knock(const PolicyPtr& policy, const Address& address, uint16_t port) {
    engine_->Knock(policy, address, port, [this, policy, address](KnockResult result) {
      knocks_[policy.get()].push_back(result);
      by_prefix_[address.v4() >> 8 & 0xff] += result == KnockResult::kRefused ? 1 : 0;
    });
  }
  void Visit(const PolicyPtr& policy, const Address& address, uint16_t port) {
    engine_->Visit(policy, address, {port},
                   [this](VisitResult result) { visits_.push_back(std::move(result)); });
  }
  template <typename Condition>
  void RunUntil(
      Condition condition, const std::function<void()>& serve = [] {}) {
    const MonoTime give_up = clock_.Now() + kPatience;
    while (!condition()) {
      ASSERT_LT(clock_.Now(), give_up);
      engine_->RunOnce(milliseconds(5));
      serve();
    }
  }
  // What the host sees of its connection: an RST is ECONNRESET.
  static int ErrorOf(const UniqueFd& peer) {
    pollfd wait{peer.get(), POLLIN, 0};
    poll(&wait, 1, 5000);
    char byte;
    while (recv(peer.get(), &byte, 1, 0) > 0) {
    }
    return errno;
  }

  SystemClock clock_;
  SurveyScript script_;
  std::unique_ptr<EngineLoop> engine_;
  std::map<const ContactPolicy*, std::vector<KnockResult>> knocks_;
  std::map<uint32_t, int> by_prefix_;
  std::vector<VisitResult> visits_;
};

INSTANTIATE_TEST_SUITE_P(Threads, SharedEngineTest, ::testing::Values(1, 3));

TEST_P(SharedEngineTest, ARunWithoutAShareSendsNothingAndOthersGoOn) {
  const PolicyPtr still = NewPolicy(NewPacer({}));
  const PolicyPtr moving = NewPolicy(NewPacer({1e6, 0, 0}));
  const uint16_t closed = LoopbackServer::ClosedPort();
  for (uint32_t i = 1; i <= 50; ++i) Knock(still, Host(1, i), closed);
  for (uint32_t i = 1; i <= 50; ++i) Knock(moving, Host(1, i), closed);
  RunUntil([&] { return knocks_[moving.get()].size() == 50; });
  EXPECT_EQ(knocks_[still.get()].size(), 0U);
  EXPECT_EQ(engine_->stats().probes_sent, 50U);
  EXPECT_EQ(still->pacer->line.knocks, 50U);
  // It is full; the other has room: one run's line is not another's.
  EXPECT_LT(engine_->KnockRoomFor(*still), 15U);
  EXPECT_GE(engine_->KnockRoomFor(*moving), 64U);
  still->pacer->SetLimits({1e6, 0, 0}, clock_.Now());
  engine_->SetRate(1e6);  // as the runner does, to wake them
  RunUntil([&] { return knocks_[still.get()].size() == 50; });
  EXPECT_EQ(still->pacer->line.knocks, 0U);
}

TEST_P(SharedEngineTest, CeilingsPerPrefixHoldForAllThreadsTogether) {
  constexpr double kPerPrefix = 40;
  const MonoTime begun = clock_.Now();
  const PolicyPtr policy = NewPolicy(NewPacer({1e6, kPerPrefix, 0}));
  const uint16_t closed = LoopbackServer::ClosedPort();
  // One prefix has far more than the others, which do not wait for it.
  for (uint32_t i = 1; i <= 60; ++i) Knock(policy, Host(1, i), closed);
  for (uint32_t prefix = 2; prefix <= 21; ++prefix) Knock(policy, Host(prefix, 1), closed);
  RunUntil([&] { return by_prefix_.size() == 21 && by_prefix_[2] == 1 && by_prefix_[1] >= 8; });
  const double elapsed = std::chrono::duration<double>(clock_.Now() - begun).count();
  EXPECT_LE(by_prefix_[1], elapsed * kPerPrefix + 1);
  RunUntil([&] { return by_prefix_[1] == 60; });
  EXPECT_GE(clock_.Now() - begun, milliseconds(1475));  // 59 waits of 25 ms
  EXPECT_EQ(policy->pacer->line.knocks_aside, 0U);
}

TEST_P(SharedEngineTest, AbortResetsOpenConversationsAndEndsEverythingOfTheHost) {
  const Address bad = Host(1, 1);
  const Address good = Host(1, 2);
  LoopbackServer bad_server(16, bad.v4());
  LoopbackServer good_server(16, good.v4());
  const PolicyPtr policy = NewPolicy();
  Visit(policy, bad, bad_server.port());
  Visit(policy, bad, bad_server.port());  // waits for the first
  Visit(policy, good, good_server.port());
  UniqueFd bad_peer;
  UniqueFd good_peer;
  std::string bad_words;
  RunUntil([&] { return !bad_words.empty() && good_peer.valid(); },
           [&] {
             if (!bad_peer.valid()) bad_peer = bad_server.Accept();
             if (!good_peer.valid()) good_peer = good_server.Accept();
             if (bad_peer.valid()) bad_words += Hear(bad_peer);
           });
  engine_->Abort([&](const ContactPolicy&, const Address& a) { return a == bad; });
  // Both are over before it returns, and the host has its reset.
  ASSERT_EQ(visits_.size(), 2U);
  for (const VisitResult& visit : visits_) {
    EXPECT_EQ(visit.end, VisitResult::End::kExcluded);
    EXPECT_TRUE(visit.ports.empty());
  }
  EXPECT_EQ(ErrorOf(bad_peer), ECONNRESET);
  EXPECT_FALSE(bad_server.Accept().valid());
  Say(good_peer, "hello\n");
  RunUntil([&] { return visits_.size() == 3; });
  EXPECT_EQ(visits_[2].end, VisitResult::End::kVisited);
  RunUntil([&] { return engine_->stats().in_flight == 0; });
}

TEST_P(SharedEngineTest, AbortEndsHostsInPauseInLineAndAside) {
  LoopbackServer server;
  script_.conversations = 2;
  script_.pause = seconds(1000);
  const PolicyPtr policy = NewPolicy(NewPacer({1e6, 0.001, 0}));
  const PolicyPtr still = NewPolicy(NewPacer({}));
  Visit(policy, Address::V4(INADDR_LOOPBACK), server.port());
  UniqueFd peer;
  // After the first conversation it is left in peace for a while.
  RunUntil([&] { return peer.valid() && engine_->stats().in_flight == 0; },
           [&] {
             if (peer.valid()) return;
             peer = server.Accept();
             if (!peer.valid()) return;
             Say(peer, "hello\n");
             shutdown(peer.get(), SHUT_WR);
           });
  Knock(policy, Host(0, 2), server.port());  // its prefix has had enough
  Knock(still, Host(0, 3), server.port());
  RunUntil([&] { return engine_->stats().aside == 1; });
  engine_->Abort([](const ContactPolicy&, const Address&) { return true; });
  ASSERT_EQ(visits_.size(), 1U);
  EXPECT_EQ(visits_[0].end, VisitResult::End::kExcluded);
  EXPECT_EQ(knocks_[policy.get()], std::vector{KnockResult::kExcluded});
  EXPECT_EQ(knocks_[still.get()], std::vector{KnockResult::kExcluded});
  EXPECT_EQ(policy->pacer->line.knocks_aside, 0U);
  EXPECT_EQ(still->pacer->line.knocks, 0U);
  RunUntil([&] { return engine_->stats().visits == 0; });
}

TEST_P(SharedEngineTest, AbortEndsKnocksUnderWay) {
  LoopbackServer full(/*backlog=*/0);
  const PolicyPtr policy = NewPolicy();
  policy->connect_timeout = seconds(1000);
  for (int i = 0; i < 6; ++i) Knock(policy, Address::V4(INADDR_LOOPBACK), full.port());
  // Linux takes backlog + 1; the others hang in the air.
  RunUntil([&] {
    return engine_->stats().probes_sent == 6 && engine_->stats().in_flight > 0 &&
           engine_->stats().in_flight + knocks_[policy.get()].size() == 6;
  });
  const size_t before = knocks_[policy.get()].size();
  engine_->Abort([&](const ContactPolicy& p, const Address&) { return &p == policy.get(); });
  ASSERT_EQ(knocks_[policy.get()].size(), 6U);
  knocks_[policy.get()].erase(knocks_[policy.get()].begin(),
                              knocks_[policy.get()].begin() + static_cast<ptrdiff_t>(before));
  EXPECT_THAT(knocks_[policy.get()], Each(KnockResult::kExcluded));
  RunUntil([&] { return engine_->stats().in_flight == 0; });
}

TEST_P(SharedEngineTest, ManyRunsTakeTurns) {
  std::vector<PolicyPtr> runs;
  const uint16_t closed = LoopbackServer::ClosedPort();
  engine_->SetRate(200);
  for (int i = 0; i < 5; ++i) {
    runs.push_back(NewPolicy(NewPacer({1e6, 0, 0})));
    for (uint32_t j = 0; j < 200; ++j) Knock(runs.back(), Host(i + 1, j), closed);
  }
  RunUntil([&] { return knocks_[runs[0].get()].size() >= 10; });
  for (const PolicyPtr& run : runs) {
    EXPECT_GE(knocks_[run.get()].size(), 3U);
    EXPECT_LE(knocks_[run.get()].size(), 30U);
  }
}

}  // namespace
}  // namespace hark

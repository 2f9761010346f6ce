#include "worker/engine/tarpits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "worker/engine/engine.h"
#include "worker/engine/engine_test_util.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const MonoTime kStart{std::chrono::hours(1)};

class NamedTalk final : public SlowTalk {
 public:
  void GiveUp(MonoTime) override {}
};

TEST(TarpitsTest, TheOneThatHasBeenAtItLongestGoesFirst) {
  NamedTalk old;
  NamedTalk young;
  Tarpits tarpits;
  tarpits.Add(&young, kStart + seconds(2));
  tarpits.Add(&old, kStart);
  tarpits.Add(&old, kStart + seconds(9));  // is there already
  EXPECT_EQ(tarpits.Excess(2), nullptr);
  EXPECT_EQ(tarpits.Excess(1), &old);
  tarpits.Remove(&old);
  tarpits.Remove(&old);
  EXPECT_EQ(tarpits.Excess(1), nullptr);
  EXPECT_EQ(tarpits.Excess(0), &young);
}

TEST(TarpitsTest, TheShareIsATwentiethAndAtLeastOne) {
  EXPECT_EQ(Tarpits::Most(1), 1U);
  EXPECT_EQ(Tarpits::Most(39), 1U);
  EXPECT_EQ(Tarpits::Most(40), 2U);
  EXPECT_EQ(Tarpits::Most(10'000), 500U);
}

// Hosts and an engine in one thread, with a clock that is told what time it is.
class TarpitEngineTest : public ::testing::Test {
 protected:
  void Make(size_t slots) {
    engine_ = *Engine::Create(
        {.max_in_flight = slots, .probes_per_second = 1e6, .goodbye_wait = {}}, clock_);
    policy_ = std::make_shared<ContactPolicy>();
    policy_->make_survey = [this](uint16_t port, const Address&) {
      return std::make_unique<ScriptedSurvey>(port, script_, &heard_);
    };
  }
  void AddHost(int* ended) {
    const Address address = Address::V4(0x7f000301 + static_cast<uint32_t>(servers_.size()));
    servers_.emplace_back(address, 64);
    engine_->Visit(policy_, address, {servers_.back().port()}, [ended](VisitResult) { ++*ended; });
  }
  void Turn() {
    engine_->RunOnce(Duration(0));
    for (size_t i = 0; i < servers_.size(); ++i) {
      UniqueFd peer = servers_[i].Accept();
      if (peer.valid()) peers_[i] = std::move(peer);
    }
    clock_.Advance(milliseconds(1));
  }
  void Drip(size_t host) {
    if (peers_.count(host) != 0) send(peers_[host].get(), ".", 1, MSG_NOSIGNAL);
  }

  ManualClock clock_;
  SurveyScript script_{.patience = seconds(60)};
  std::vector<std::string> heard_;
  std::deque<LoopbackServer> servers_;
  std::map<size_t, UniqueFd> peers_;
  PolicyPtr policy_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(TarpitEngineTest, FiveHundredTarpitsDoNotStarveTheRest) {
  Make(100);
  int trapped = 0;
  int served = 0;
  for (int i = 0; i < 500; ++i) AddHost(&trapped);
  for (int i = 0; i < 100; ++i) AddHost(&served);
  const MonoTime begun = clock_.Now();
  while (served < 100) {
    // A second for each: five rounds of 100 slots, of which every one is theirs for 8 s.
    ASSERT_LT(clock_.Now() - begun, seconds(60));
    Turn();
    for (size_t i = 0; i < 500; ++i) Drip(i);
    for (auto it = peers_.lower_bound(500); it != peers_.end(); ++it) {
      send(it->second.get(), "ok\n", 3, MSG_NOSIGNAL);
    }
    clock_.Advance(milliseconds(499));
  }
  EXPECT_GE(engine_->stats().given_up, 400U);
  EXPECT_EQ(engine_->stats().given_up, static_cast<uint64_t>(trapped));
  // What was learnt is kept: the survey was told of a deadline, not of a lost connection.
  EXPECT_THAT(heard_, ::testing::Contains("deadline").Times(trapped));
}

TEST_F(TarpitEngineTest, AHostThatHasNotSpokenYetIsNoTarpit) {
  Make(20);
  int ended = 0;
  for (int i = 0; i < 10; ++i) AddHost(&ended);
  for (int second = 0; second < 59; ++second) {
    Turn();
    clock_.Advance(milliseconds(999));
  }
  EXPECT_EQ(engine_->stats().in_flight, 10U);
  EXPECT_EQ(engine_->stats().given_up, 0U);
}

TEST_F(TarpitEngineTest, WhoeverSaysOneByteAndNoMoreIsFoundWithoutAnEvent) {
  Make(20);
  int ended = 0;
  for (int i = 0; i < 3; ++i) AddHost(&ended);
  while (peers_.size() < 3) Turn();
  for (size_t i = 0; i < 3; ++i) Drip(i);
  Turn();
  clock_.Advance(kTarpitAfter);
  Turn();  // they become slow
  Turn();
  EXPECT_EQ(ended, 2);  // one is within the share
  EXPECT_EQ(engine_->stats().in_flight, 1U);
}

TEST_F(TarpitEngineTest, AQuietHostIsToldOfOnceUntilItSaysMore) {
  script_.tells_quiet = true;
  Make(20);
  int ended = 0;
  AddHost(&ended);
  while (peers_.empty()) Turn();
  for (int i = 0; i < 4; ++i) {
    clock_.Advance(seconds(1));
    Turn();
  }
  EXPECT_THAT(heard_, ::testing::ElementsAre("connected", "quiet"));
  Drip(0);
  Turn();
  EXPECT_THAT(heard_, ::testing::ElementsAre("connected", "quiet"));
  clock_.Advance(seconds(1));
  Turn();
  Turn();
  EXPECT_THAT(heard_, ::testing::ElementsAre("connected", "quiet", "quiet"));
}

TEST_F(TarpitEngineTest, FewSlowHostsAreHeardToTheEnd) {
  Make(100);
  int ended = 0;
  for (int i = 0; i < 5; ++i) AddHost(&ended);
  for (int second = 0; second < 50; ++second) {
    Turn();
    for (size_t i = 0; i < 5; ++i) Drip(i);
    clock_.Advance(milliseconds(999));
  }
  EXPECT_EQ(engine_->stats().given_up, 0U);
  EXPECT_EQ(engine_->stats().in_flight, 5U);
  for (const auto& [host, peer] : peers_) Say(peer, "ok\n");
  for (int i = 0; i < 5; ++i) Turn();
  EXPECT_EQ(ended, 5);
}

}  // namespace
}  // namespace hark

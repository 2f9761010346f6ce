#include "tests/lab/doorman.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/lab/running_lab.h"

namespace hark::lab {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DoormanTest : public ::testing::Test {
 protected:
  DoormanTest()
      : doorman_(clock_, counters_, [this](const std::string& line) { log_.push_back(line); }) {
    service_.protocol = Protocol::kSsh;
    service_.behaviour = Behaviour::kPenalty;
  }

  // Comes in and leaves; false if not let in.
  bool Call(Doorman::Departure departure = Doorman::Departure::kNoAuth) {
    if (!doorman_.Enter(service_, visit_)) return false;
    doorman_.Leave(service_, visit_, departure);
    return true;
  }
  int Calls(int n) {
    int in = 0;
    for (int i = 0; i < n; ++i) in += Call() ? 1 : 0;
    return in;
  }

  ManualClock clock_;
  Counters counters_;
  std::vector<std::string> log_;
  Doorman doorman_;
  Service service_;
  Visit visit_{Address::V4(0x7f090001), 22, Address::V4(0x7f000001)};
};

TEST_F(DoormanTest, BitesAboveFifteenSecondsOutstandingAndNotAtFifteen) {
  EXPECT_EQ(Calls(15), 15);
  EXPECT_EQ(counters_.penalties_active, 0U);
  EXPECT_TRUE(Call());  // the sixteenth second makes it bite
  EXPECT_EQ(counters_.penalties_active, 1U);
  EXPECT_FALSE(Call());
  EXPECT_EQ(counters_.refused_penalty, 1U);
  EXPECT_EQ(counters_.penalties_noauth, 16U);
}

TEST_F(DoormanTest, LetsPenaltiesRunDownInRealTime) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(Call());
    clock_.Advance(seconds(1));
  }
  EXPECT_EQ(counters_.penalties_active, 0U);
}

TEST_F(DoormanTest, RefusesUntilAnActivePenaltyHasRunDownAltogether) {
  Calls(16);
  clock_.Advance(seconds(15));
  EXPECT_FALSE(Call());
  clock_.Advance(seconds(1));
  EXPECT_TRUE(Call());
  EXPECT_TRUE(Call());
}

TEST_F(DoormanTest, TakesTenSecondsForExceedingTheLoginGrace) {
  EXPECT_TRUE(Call(Doorman::Departure::kOvertime));
  EXPECT_TRUE(Call(Doorman::Departure::kOvertime));
  EXPECT_FALSE(Call());
  EXPECT_EQ(counters_.penalties_overtime, 2U);
}

TEST_F(DoormanTest, NeverHoldsMoreThanTheMost) {
  service_.noauth = seconds(590);
  // Both were inside before the first penalty bit.
  ASSERT_TRUE(doorman_.Enter(service_, visit_));
  ASSERT_TRUE(doorman_.Enter(service_, visit_));
  doorman_.Leave(service_, visit_, Doorman::Departure::kNoAuth);
  doorman_.Leave(service_, visit_, Doorman::Departure::kNoAuth);
  EXPECT_THAT(log_.back(), HasSubstr("outstanding_ms=600000"));
  clock_.Advance(seconds(600));
  EXPECT_TRUE(Call());
}

TEST_F(DoormanTest, KeepsSourcesAndServicesApart) {
  Calls(16);
  EXPECT_FALSE(Call());
  visit_.source = Address::V4(0x7f000002);
  EXPECT_TRUE(Call());
  visit_.source = Address::V4(0x7f000001);
  visit_.port = 2222;
  EXPECT_TRUE(Call());
}

TEST_F(DoormanTest, ObeysTheScenariosSecondsAndThreshold) {
  service_.noauth = seconds(16);
  EXPECT_TRUE(Call());
  EXPECT_FALSE(Call());
  service_.threshold = seconds(100);
  visit_.port = 2222;
  EXPECT_EQ(Calls(7), 7);
  EXPECT_FALSE(Call());
}

TEST_F(DoormanTest, WritesOneLineAnEvent) {
  service_.noauth = seconds(16);
  Call();
  Call();
  ASSERT_EQ(log_.size(), 3U);
  EXPECT_EQ(log_[0], "1500003600000 noauth 127.9.0.1:22 127.0.0.1 outstanding_ms=16000");
  EXPECT_THAT(log_[1], HasSubstr(" active 127.9.0.1:22 "));
  EXPECT_THAT(log_[2], HasSubstr(" refused 127.9.0.1:22 "));
}

TEST_F(DoormanTest, CountsClientsInside) {
  service_.behaviour = Behaviour::kMaxStartups;
  service_.startups = 2;
  EXPECT_TRUE(doorman_.Enter(service_, visit_));
  EXPECT_TRUE(doorman_.Enter(service_, visit_));
  EXPECT_FALSE(doorman_.Enter(service_, visit_));
  doorman_.Leave(service_, visit_, Doorman::Departure::kNoAuth);
  EXPECT_TRUE(doorman_.Enter(service_, visit_));
  EXPECT_EQ(counters_.refused_startups, 1U);
  EXPECT_THAT(log_, ElementsAre(HasSubstr(" full ")));
}

// A conversation that only says hello.
class Greeter final : public Conversation {
 public:
  Turn Start() override { return Turn::Say("hello"); }
  Turn OnBytes(std::string_view) override { return Turn::Say("again"); }
};

TEST_F(DoormanTest, StandsBeforeTheConversation) {
  service_.behaviour = Behaviour::kMaxStartups;
  auto first = BehindDoor(service_, visit_, doorman_, std::make_unique<Greeter>());
  EXPECT_EQ(first->Start().send, "hello");
  auto second = BehindDoor(service_, visit_, doorman_, std::make_unique<Greeter>());
  const Turn refused = second->Start();
  EXPECT_EQ(refused.send, "Not allowed at this time\r\n");
  EXPECT_EQ(refused.then, Turn::Then::kFinish);
  EXPECT_EQ(second->OnBytes("SSH-2.0-x\r\n").send, "");
  service_.old_refusal = true;
  auto third = BehindDoor(service_, visit_, doorman_, std::make_unique<Greeter>());
  EXPECT_EQ(third->Start().send, "Exceeded MaxStartups\r\n");
  second.reset();
  third.reset();
  first.reset();
  auto fourth = BehindDoor(service_, visit_, doorman_, std::make_unique<Greeter>());
  EXPECT_EQ(fourth->Start().send, "hello");
}

TEST_F(DoormanTest, EndsAConversationAtTheLoginGrace) {
  auto guest = BehindDoor(service_, visit_, doorman_, std::make_unique<Greeter>());
  EXPECT_EQ(guest->Start().wake_after, service_.login_grace);
  EXPECT_EQ(guest->OnTimer().then, Turn::Then::kFinish);
  guest.reset();
  EXPECT_EQ(counters_.penalties_overtime, 1U);
  EXPECT_EQ(counters_.penalties_noauth, 0U);
}

}  // namespace
}  // namespace hark::lab

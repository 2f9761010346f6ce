#include "coordinator/fleet_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "bus/curve.h"
#include "coordinator/fleet_live.h"

namespace hark {
namespace {

using ::testing::HasSubstr;
using JoinResult = FleetRegistry::JoinResult;
using State = FleetWorker::State;

constexpr int64_t kNow = 1'700'000'000;
constexpr int64_t kDay = 86'400;

// Keys are told apart by a letter.
std::string Key(char letter) {
  return std::string(32, letter);
}

class FleetRegistryTest : public ::testing::Test {
 protected:
  FleetRegistryTest() { registry_.Invite(Key('i'), {kNow + kDay, "", ""}); }

  JoinResult Join(char worker, int64_t now = kNow, char invite = 'i') {
    return registry_.Join(Key(invite), Key(worker), "vps 1", now);
  }
  State StateOf(char worker) { return registry_.workers().at(Key(worker)).state; }

  FleetRegistry registry_;
};

TEST_F(FleetRegistryTest, PinsTheFirstKeyThatJoinsAndRefusesTheSecond) {
  EXPECT_EQ(Join('a'), JoinResult::kJoined);
  EXPECT_EQ(StateOf('a'), State::kAllowed);
  EXPECT_EQ(registry_.workers().at(Key('a')).name, "vps_1");
  EXPECT_EQ(Join('b'), JoinResult::kSpent);
  EXPECT_FALSE(registry_.workers().contains(Key('b')));
}

TEST_F(FleetRegistryTest, LetsTheSameKeyJoinAgainWithTheSpentToken) {
  ASSERT_EQ(Join('a'), JoinResult::kJoined);
  const std::string before = registry_.Encode();
  EXPECT_EQ(Join('a'), JoinResult::kAgain);
  EXPECT_EQ(Join('a', kNow + 2 * kDay), JoinResult::kAgain) << "its JOINED may have been lost late";
  EXPECT_EQ(registry_.Encode(), before);
}

TEST_F(FleetRegistryTest, RefusesAnExpiredInviteAndForgetsItAWeekLater) {
  EXPECT_EQ(Join('a', kNow + kDay), JoinResult::kExpired);
  EXPECT_EQ(Join('a', kNow + kDay - 1), JoinResult::kJoined);
  registry_.Forget(kNow + kDay + kInviteMemorySeconds - 1);
  EXPECT_EQ(registry_.invites().size(), 1U);
  registry_.Forget(kNow + kDay + kInviteMemorySeconds);
  EXPECT_TRUE(registry_.invites().empty());
  EXPECT_EQ(Join('b'), JoinResult::kUnknown);
}

TEST_F(FleetRegistryTest, NoInviteBringsARevokedKeyBack) {
  registry_.SetState(Key('a'), State::kRevoked, "", kNow);
  EXPECT_EQ(Join('a'), JoinResult::kRevoked);
  EXPECT_EQ(StateOf('a'), State::kRevoked);
  ASSERT_EQ(Join('b'), JoinResult::kJoined);
  registry_.SetState(Key('b'), State::kRevoked, "", kNow);
  EXPECT_EQ(Join('b'), JoinResult::kRevoked) << "nor its own, spent one";
}

TEST_F(FleetRegistryTest, ADrainingWorkerThatJoinsAgainGoesOnDraining) {
  registry_.SetState(Key('a'), State::kDraining, "old", kNow);
  EXPECT_EQ(Join('a'), JoinResult::kJoined);
  EXPECT_EQ(StateOf('a'), State::kDraining);
  EXPECT_EQ(registry_.workers().at(Key('a')).name, "old");
}

TEST_F(FleetRegistryTest, AnInviteIsNoWorker) {
  EXPECT_EQ(Join('i'), JoinResult::kUnknown);
  EXPECT_TRUE(registry_.Withdraw(Key('i')));
  EXPECT_FALSE(registry_.Withdraw(Key('i')));
  EXPECT_EQ(Join('a'), JoinResult::kUnknown);
}

TEST_F(FleetRegistryTest, TheNameOfTheInviteWins) {
  registry_.Invite(Key('j'), {kNow + kDay, "", "paris"});
  EXPECT_EQ(Join('a', kNow, 'j'), JoinResult::kJoined);
  EXPECT_EQ(registry_.workers().at(Key('a')).name, "paris");
}

TEST_F(FleetRegistryTest, FindsByKeyAndByNameAndSaysWhenANameIsAmbiguous) {
  registry_.SetState(Key('a'), State::kAllowed, "twin", kNow);
  registry_.SetState(Key('b'), State::kAllowed, "twin", kNow);
  registry_.SetState(Key('c'), State::kAllowed, "single", kNow);
  EXPECT_EQ(*registry_.Find("single"), Key('c'));
  EXPECT_EQ(*registry_.Find(CurveKeyText(Key('b'))), Key('b'));
  EXPECT_THAT(registry_.Find("twin").status().message(), HasSubstr("2 workers"));
  EXPECT_THAT(registry_.Find("nobody").status().message(), HasSubstr("no worker"));
  EXPECT_FALSE(registry_.Find("").ok());
}

TEST_F(FleetRegistryTest, RemembersSinceWhenAStateHolds) {
  EXPECT_TRUE(registry_.SetState(Key('a'), State::kAllowed, "n", kNow));
  EXPECT_FALSE(registry_.SetState(Key('a'), State::kAllowed, "", kNow + 1));
  EXPECT_EQ(registry_.workers().at(Key('a')).since, kNow);
  EXPECT_TRUE(registry_.SetState(Key('a'), State::kDraining, "", kNow + 2));
  EXPECT_EQ(registry_.workers().at(Key('a')).since, kNow + 2);
  EXPECT_EQ(registry_.workers().at(Key('a')).name, "n");
}

TEST_F(FleetRegistryTest, ComesBackFromItsText) {
  Join('a');
  registry_.SetState(Key('b'), State::kDraining, "b", kNow);
  registry_.SetState(Key('c'), State::kRevoked, "", kNow);
  registry_.Invite(Key('j'), {kNow, "", "paris"});
  const std::string text = registry_.Encode();
  const auto back = FleetRegistry::Parse(text);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->Encode(), text);
  EXPECT_EQ(back->invites().at(Key('i')).used_by, Key('a'));
  EXPECT_EQ(back->workers().at(Key('c')).state, State::kRevoked);
}

TEST_F(FleetRegistryTest, SaysWhichLineIsWrong) {
  const std::string head = "hark-fleet 1\n";
  const std::string key = CurveKeyText(Key('a'));
  for (const std::string& bad :
       {StrCat("worker ", key, " allowed 1"), StrCat("worker ", key, " allowed 1 a b"),
        StrCat("worker ", key, " banned 1 a"), StrCat("worker ", key, " allowed -1 a"),
        StrCat("worker ", key, " allowed 99999999999999 a"), StrCat("x ", key, " allowed 1 a"),
        std::string("worker short allowed 1 a"), StrCat("invite ", key, " 1 nokey a"),
        StrCat("worker ", key, " allowed 1 a\tb")}) {
    const auto wrong = FleetRegistry::Parse(head + bad + "\n");
    ASSERT_FALSE(wrong.ok()) << bad;
    EXPECT_THAT(wrong.status().message(), HasSubstr("line 2")) << bad;
  }
  const std::string row = StrCat("worker ", key, " allowed 1 a\n");
  EXPECT_THAT(FleetRegistry::Parse(head + row + row).status().message(), HasSubstr("line 3"));
  EXPECT_FALSE(FleetRegistry::Parse("").ok());
  EXPECT_FALSE(FleetRegistry::Parse("hark-fleet 2\n").ok());
  EXPECT_FALSE(FleetRegistry::Parse(row).ok());
}

TEST(FleetNameTest, MakesANameOfWhateverAWorkerCallsItself) {
  EXPECT_EQ(FleetName("vps 1"), "vps_1");
  EXPECT_EQ(FleetName("-"), "");
  EXPECT_EQ(FleetName(""), "");
  EXPECT_EQ(FleetName(CurveKeyText(Key('a'))), "");
  for (const std::string& odd : {std::string(500, '\n'), std::string("\x1b[31m\xff\0x", 8)}) {
    EXPECT_TRUE(CheckFleetName(FleetName(odd)).ok());
  }
  EXPECT_FALSE(CheckFleetName("a b").ok());
  EXPECT_FALSE(CheckFleetName(std::string(kMaxFleetName + 1, 'a')).ok());
}

TEST(LiveFleetTest, ComesBackFromItsText) {
  LiveFleet live;
  live.written = kNow;
  live.workers[Key('a')] = {kNow - 3, true, 150, 20, 2, 4096, "hark-worker_0.1.0"};
  live.workers[Key('b')] = {kNow - 9, false, 0, 0, 0, 0, ""};
  const auto back = LiveFleet::Parse(live.Encode());
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->Encode(), live.Encode());
  EXPECT_EQ(back->workers.at(Key('a')).spool_bytes, 4096U);
  EXPECT_FALSE(LiveFleet::Parse("").ok());
  EXPECT_FALSE(LiveFleet::Parse("hark-fleet-live 2 1\n").ok());
  EXPECT_FALSE(LiveFleet::Parse("hark-fleet-live 1 1\nseen x 1 1 1 1 1 1 -\n").ok());
}

}  // namespace
}  // namespace hark

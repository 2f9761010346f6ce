#include "coordinator/revisit_lists.h"

#include <gtest/gtest.h>

#include <set>

namespace hark {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int64_t kToday = 1'500'000'000'000;

proto::ProbePolicy PolicyOf(uint32_t backoff_ms) {
  proto::ProbePolicy policy;
  policy.set_throttle_retries(8);
  policy.set_throttle_backoff_ms(backoff_ms);
  return policy;
}

RevisitKind KindOf(uint32_t round, std::vector<std::string> workers,
                   std::vector<uint32_t> ports = {22}) {
  RevisitKind kind;
  kind.round = round;
  kind.ports = std::move(ports);
  kind.workers = std::move(workers);
  return kind;
}

class RevisitListsTest : public testing::Test {
 protected:
  uint32_t Add(const RevisitKind& kind) {
    stored_.push_back(lists_.Add(kind, "\x7f\x01\x01\x01", now_, kToday));
    lists_.Durable(stored_.back().list);
    return stored_.back().list;
  }
  std::optional<RevisitLists::Stretch> Cut(const std::string& worker) {
    return lists_.Cut(worker, connected_, 256, now_);
  }

  MonoTime now_{hours(1)};
  std::vector<std::string> connected_ = {"a", "b"};
  std::vector<StoredRevisit> stored_;
  RevisitLists lists_{PolicyOf(60'000), {}};
};

TEST_F(RevisitListsTest, DoublesTheBackoffUpToAQuarterOfAnHour) {
  EXPECT_EQ(lists_.Backoff(1), seconds(60));
  EXPECT_EQ(lists_.Backoff(2), seconds(120));
  EXPECT_EQ(lists_.Backoff(4), seconds(480));
  EXPECT_EQ(lists_.Backoff(5), minutes(15));
  EXPECT_EQ(lists_.Backoff(1'000'000), minutes(15));
}

TEST_F(RevisitListsTest, PutsOnlyHostsOfOneKindIntoOneList) {
  const uint32_t first = Add(KindOf(1, {"a"}));
  EXPECT_EQ(Add(KindOf(1, {"a"})), first);
  EXPECT_EQ(stored_[1].position, 1U);
  RevisitKind counted = KindOf(1, {"a"});
  counted.counted_throttled = true;
  std::set<uint32_t> lists = {first, Add(KindOf(2, {"a"})), Add(KindOf(1, {"a", "b"})),
                              Add(KindOf(1, {"a"}, {22, 25})), Add(counted)};
  EXPECT_EQ(lists.size(), 5U);
}

TEST_F(RevisitListsTest, CutsNothingThatIsNotDueOrNotDurable) {
  const StoredRevisit entry = lists_.Add(KindOf(1, {"a"}), "x", now_, kToday);
  EXPECT_EQ(entry.row.due_unix_ms(), kToday + 60'000);
  now_ += seconds(70);
  EXPECT_FALSE(Cut("a"));
  EXPECT_FALSE(lists_.AllCut());
  lists_.Durable(entry.list);
  now_ -= seconds(11);
  EXPECT_FALSE(Cut("a"));
  now_ += seconds(11);
  const auto stretch = Cut("a");
  ASSERT_TRUE(stretch);
  EXPECT_EQ(stretch->to, 1U);
  EXPECT_TRUE(lists_.AllCut());
  EXPECT_FALSE(Cut("a"));
}

TEST_F(RevisitListsTest, GathersWhatFallsDueTogetherAndLeavesTheRest) {
  Add(KindOf(1, {"a"}));
  now_ += seconds(2);
  Add(KindOf(1, {"a"}));
  now_ += seconds(30);
  Add(KindOf(1, {"a"}));
  now_ += seconds(32);  // two are due, the first for as long as is waited for others
  const auto stretch = Cut("a");
  ASSERT_TRUE(stretch);
  EXPECT_EQ(stretch->to - stretch->from, 2U);
  EXPECT_EQ(lists_.waiting(), 1U);
}

TEST_F(RevisitListsTest, GivesAnybodyWhatNobodyWantedIsThereFor) {
  Add(KindOf(2, {"a", "b"}));
  now_ += minutes(3);
  EXPECT_TRUE(Cut("a"));
  Add(KindOf(1, {"gone"}));
  now_ += seconds(64);
  EXPECT_TRUE(Cut("b"));
}

TEST_F(RevisitListsTest, FindsItsPlaceAgainAfterARestart) {
  Add(KindOf(1, {"a"}));
  Add(KindOf(1, {"a"}));
  Add(KindOf(2, {"a"}));
  RevisitLists again(PolicyOf(60'000), stored_);
  again.NoteCut(1, 1);  // as a stored job says
  again.StartClock(now_ + seconds(20), kToday + 20'000);
  EXPECT_EQ(again.waiting(), 2U);
  EXPECT_EQ(again.Next(), now_ + seconds(60) + Duration(seconds(60)) / 16);
  EXPECT_EQ(again.Add(KindOf(2, {"a"}), "x", now_, kToday).position, 1U);
}

TEST_F(RevisitListsTest, NoDateMakesAHostWaitLongerThanItsBackoff) {
  for (const int64_t due : {INT64_MAX, INT64_MIN, kToday + 86'400'000}) {
    StoredRevisit entry{1, 0, {}};
    entry.row.set_round(1);
    entry.row.set_due_unix_ms(due);
    RevisitLists lists(PolicyOf(60'000), {entry});
    lists.StartClock(now_, kToday);
    EXPECT_LE(lists.Next(), now_ + seconds(64));
    EXPECT_GE(lists.Next(), now_);
  }
}

}  // namespace
}  // namespace hark

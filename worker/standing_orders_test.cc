#include "worker/standing_orders.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

std::string V4Range(uint32_t first, uint32_t last) {
  std::string out;
  for (const uint32_t value : {first, last}) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  }
  return out;
}

bool Excludes(const StandingOrders& orders, uint32_t address) {
  return orders.exclusions()->Contains(Address::V4(address));
}

TEST(ExclusionFilters, HoldBothFamiliesAndMappedAddresses) {
  const std::string v6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(12, '\0') +
                         std::string("\x20\x01\x0d\xb8", 4) + std::string(12, '\xff');
  const auto filter = ExclusionFilter::Parse(std::vector<std::string>{V4Range(100, 200), v6});
  ASSERT_TRUE(filter.ok());
  const auto has = [&](const char* text) { return filter->Contains(*Address::Parse(text)); };
  EXPECT_TRUE(has("0.0.0.100"));
  EXPECT_FALSE(has("0.0.0.99"));
  EXPECT_TRUE(has("::ffff:0.0.0.200"));
  EXPECT_FALSE(has("::ffff:0.0.0.201"));
  EXPECT_TRUE(has("2001:db8::1"));
  EXPECT_TRUE(has("2001:db8:ffff::1"));
  EXPECT_FALSE(has("2001:db9::"));
  EXPECT_FALSE(has("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"));
}

TEST(ExclusionFilters, TurnedRoundTheyExcludeWhatLiesBetween) {
  const auto filter = ExclusionFilter::Parse(std::vector<std::string>{V4Range(200, 100)});
  ASSERT_TRUE(filter.ok());
  EXPECT_TRUE(filter->Contains(Address::V4(150)));
}

TEST(ExclusionFilters, OfOverlappingIPv6RangesMissNothing) {
  const auto at = [](char byte) { return std::string(15, '\0') + byte; };
  const auto filter = ExclusionFilter::Parse(
      std::vector<std::string>{at(10) + at(90), at(20) + at(30), at(85) + at(99)});
  ASSERT_TRUE(filter.ok());
  for (char i = 10; i <= 99; ++i) EXPECT_TRUE(filter->Contains(*Address::FromBytes(at(i))));
  EXPECT_FALSE(filter->Contains(*Address::FromBytes(at(9))));
  EXPECT_FALSE(filter->Contains(*Address::FromBytes(at(100))));
}

TEST(ExclusionFilters, OfAnyOtherLengthAreRefused) {
  for (const size_t length : {0U, 4U, 7U, 9U, 16U, 31U, 33U}) {
    EXPECT_FALSE(ExclusionFilter::Parse(std::vector<std::string>{std::string(length, 'x')}).ok());
  }
}

class StandingOrdersTest : public ::testing::Test {
 protected:
  ~StandingOrdersTest() override { unlink(path_.c_str()); }

  static proto::Orders Make(uint64_t version, uint64_t exclusions_version, uint32_t address) {
    proto::Orders orders;
    orders.set_version(version);
    orders.set_exclusions_version(exclusions_version);
    orders.set_has_exclusions(true);
    orders.add_exclusions(V4Range(address, address));
    return orders;
  }

  std::string path_ = StrCat(::testing::TempDir(), "hark-standing-", getpid());
};

TEST_F(StandingOrdersTest, AStoreSetBackForgetsNoOptOut) {
  StandingOrders orders("");
  ASSERT_TRUE(orders.Apply(Make(50, 50, 7)).ok());
  orders.BeginSession(true);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(orders.Apply(Make(3, 3, 8)).ok());
    EXPECT_EQ(orders.version(), 3U);
    EXPECT_EQ(orders.exclusions_version(), 50U);
    EXPECT_TRUE(Excludes(orders, 7));
    EXPECT_TRUE(Excludes(orders, 8));
  }
  // Newer ones replace: an operator may take an opt-out back.
  ASSERT_TRUE(orders.Apply(Make(4, 51, 9)).ok());
  EXPECT_FALSE(Excludes(orders, 7));
}

TEST_F(StandingOrdersTest, AreKeptWithPausesAndCancellations) {
  {
    StandingOrders orders(path_);
    proto::Orders told = Make(5, 4, 7);
    told.add_runs()->set_run(1);
    told.mutable_runs(0)->set_kind(proto::RunOrder::PAUSE);
    told.add_runs()->set_run(2);
    told.mutable_runs(1)->set_kind(proto::RunOrder::CANCEL);
    told.add_runs()->set_run(3);
    told.mutable_runs(2)->set_kind(static_cast<proto::RunOrder::Kind>(77));  // of a newer peer
    told.add_rates()->set_run(1);
    ASSERT_TRUE(orders.Apply(told).ok());
  }
  const StandingOrders again(path_);
  EXPECT_EQ(again.version(), 0U);
  EXPECT_EQ(again.exclusions_version(), 4U);
  EXPECT_TRUE(Excludes(again, 7));
  EXPECT_TRUE(again.Paused(1));
  EXPECT_TRUE(again.Cancelled(2));
  EXPECT_TRUE(again.Paused(3));
  EXPECT_FALSE(again.Paused(4));
}

TEST_F(StandingOrdersTest, AFileCutOrChangedAnywhereIsAsGoodAsNone) {
  { ASSERT_TRUE(StandingOrders(path_).Apply(Make(5, 4, 7)).ok()); }
  const std::string good = *ReadFile(path_);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x40);
    ASSERT_TRUE(WriteFileAtomically(path_, bad, 0600).ok());
    EXPECT_EQ(StandingOrders(path_).exclusions_version(), 0U) << "byte " << i;
    ASSERT_TRUE(WriteFileAtomically(path_, good.substr(0, i), 0600).ok());
    EXPECT_EQ(StandingOrders(path_).exclusions_version(), 0U) << "cut at " << i;
  }
}

TEST_F(StandingOrdersTest, SharesThatMoveCostNoWrite) {
  StandingOrders orders(path_);
  ASSERT_TRUE(orders.Apply(Make(5, 4, 7)).ok());
  unlink(path_.c_str());
  proto::Orders moved = Make(6, 4, 7);
  moved.add_rates()->set_run(1);
  ASSERT_TRUE(orders.Apply(moved).ok());
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
  EXPECT_EQ(orders.version(), 6U);
}

TEST_F(StandingOrdersTest, UnreadableOnesLeaveEverythingAsItWas) {
  StandingOrders orders("");
  ASSERT_TRUE(orders.Apply(Make(5, 4, 7)).ok());
  proto::Orders bad = Make(6, 5, 8);
  bad.add_exclusions("x");
  EXPECT_FALSE(orders.Apply(bad).ok());
  EXPECT_EQ(orders.version(), 5U);
  EXPECT_TRUE(Excludes(orders, 7));
}

}  // namespace
}  // namespace hark

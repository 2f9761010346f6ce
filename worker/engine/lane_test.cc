#include "worker/engine/lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LaneTest : public ::testing::Test {
 protected:
  void Add(uint32_t address) { lane_.Add({policy_, Address::V4(address), 22, {}, 0}); }
  // The addresses that may go now.
  std::vector<uint32_t> TakeAll() {
    std::vector<uint32_t> out;
    while (auto next = lane_.Next(now_)) {
      out.push_back(std::get<KnockRequest>(*next).address.v4());
    }
    return out;
  }

  MonoTime now_{std::chrono::hours(1)};
  PacerPtr pacer_ = std::make_shared<RunPacer>(now_);
  PolicyPtr policy_ = std::make_shared<ContactPolicy>();
  Lane lane_{pacer_};
};

TEST_F(LaneTest, WhosePrefixHadEnoughStandsAsideAndOthersGoOn) {
  pacer_->SetLimits({1000, 1, 0}, now_);
  now_ += seconds(1);
  for (const uint32_t address : {0x100U, 0x101U, 0x102U, 0x200U, 0x300U}) Add(address);
  EXPECT_THAT(TakeAll(), ElementsAre(0x100, 0x200, 0x300));
  EXPECT_EQ(lane_.aside(), 2U);
  EXPECT_EQ(lane_.knocks(), 0U);
  // Nobody needs to look before it is due; then it goes, in the order they came.
  const MonoTime due = lane_.When(now_);
  EXPECT_GT(due, now_ + milliseconds(900));
  now_ = due;
  EXPECT_THAT(TakeAll(), ElementsAre(0x101));
  now_ = lane_.When(now_);
  EXPECT_THAT(TakeAll(), ElementsAre(0x102));
  EXPECT_TRUE(lane_.empty());
  EXPECT_EQ(lane_.When(now_), kNever);
}

TEST_F(LaneTest, ARunWithoutAShareHasNothingToWakeUpFor) {
  Add(1);
  EXPECT_THAT(TakeAll(), IsEmpty());
  EXPECT_EQ(lane_.When(now_), kNever);
  pacer_->SetLimits({10, 0, 0}, now_);
  EXPECT_LT(lane_.When(now_), kNever);
}

TEST_F(LaneTest, ALiftedCeilingLetsThoseAsideGo) {
  pacer_->SetLimits({1000, 0.001, 0}, now_);
  now_ += seconds(1);
  Add(1);
  Add(2);
  EXPECT_THAT(TakeAll(), ElementsAre(1));
  EXPECT_GT(lane_.When(now_), now_ + seconds(900));
  pacer_->SetLimits({1000, 0, 0}, now_);
  now_ += milliseconds(2);
  EXPECT_THAT(TakeAll(), ElementsAre(2));
}

TEST_F(LaneTest, TheLineIsCountedForWhoeverBeginsMore) {
  pacer_->SetLimits({1000, 1, 0}, now_);
  now_ += seconds(1);
  for (const uint32_t address : {0x100U, 0x101U, 0x102U}) Add(address);
  EXPECT_EQ(pacer_->line.knocks, 3U);
  TakeAll();
  now_ += milliseconds(10);
  TakeAll();
  EXPECT_EQ(pacer_->line.knocks, 0U);
  EXPECT_EQ(pacer_->line.knocks_aside, 2U);
  EXPECT_EQ(lane_.TakeKnocks([](const KnockRequest& k) { return k.address.v4() == 0x101; }).size(),
            1U);
  EXPECT_EQ(pacer_->line.knocks_aside, 1U);
  {
    Lane other(pacer_);
    other.Add({policy_, Address::V4(0x103), 22, {}, 0});
    EXPECT_EQ(pacer_->line.knocks, 1U);
  }
  EXPECT_EQ(pacer_->line.knocks, 0U);
}

TEST_F(LaneTest, RecalledKnocksAreTakenFromTheLineAndFromAside) {
  const auto other = std::make_shared<ContactPolicy>();
  pacer_->SetLimits({1000, 1, 0}, now_);
  now_ += seconds(1);
  for (const uint32_t address : {0x100U, 0x101U}) Add(address);
  lane_.Add({other, Address::V4(0x102), 22, {}, 0});
  TakeAll();
  now_ += milliseconds(10);
  TakeAll();
  Add(0x400);
  const auto mine = [&](const KnockRequest& knock) { return knock.policy == policy_; };
  EXPECT_EQ(lane_.TakeKnocks(mine).size(), 2U);
  now_ += seconds(1);
  EXPECT_THAT(TakeAll(), ElementsAre(0x102));
}

// Everybody goes in the end, no ceiling is exceeded, and between two looks at the times When names
// nothing could have gone: whoever sleeps until then misses nothing and never spins.
TEST_F(LaneTest, SleepingUntilWhenMissesNothing) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    std::vector<AsSpan> spans;
    for (uint32_t i = 0; i < 8; ++i) spans.push_back({i << 9, (i << 9) + 511, 1 + i % 3});
    pacer_->SetAsTable(std::make_shared<const AsTable>(*AsTable::Make(spans)));
    const double per_prefix = 1 + random.Unit() * 20;
    pacer_->SetLimits({100 + random.Unit() * 1000, per_prefix, 5 + random.Unit() * 50}, now_);
    std::map<uint32_t, MonoTime> last;
    size_t gone = 0;
    constexpr size_t kTargets = 300;
    for (size_t i = 0; i < kTargets; ++i) Add(static_cast<uint32_t>(random.Below(8 << 9)));
    int looks = 0;
    while (!lane_.empty()) {
      const MonoTime when = lane_.When(now_);
      ASSERT_NE(when, kNever);
      now_ = std::max(now_, when);
      ASSERT_LT(++looks, 5000);
      for (const uint32_t address : TakeAll()) {
        ++gone;
        const auto [at, fresh] = last.try_emplace(address >> 8, now_);
        if (!fresh) {
          ASSERT_GE(std::chrono::duration<double>(now_ - at->second).count() + 1e-6,
                    1 / per_prefix);
        }
        at->second = now_;
      }
    }
    EXPECT_EQ(gone, kTargets);
  }
}

}  // namespace
}  // namespace hark

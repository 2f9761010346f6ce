#include "worker/engine/budget.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(EngineBudgetTest, BurstsLeaveToOthersWhatIsAskedFor) {
  MonoTime now{std::chrono::hours(1)};
  EngineBudget budget(1000, 10, 1, now);
  now += seconds(1);  // 10 tokens: 10 ms of the rate
  EXPECT_EQ(budget.TakeTokens(100, 4, now), 6U);
  EXPECT_EQ(budget.TakeTokens(100, 4, now), 0U);
  EXPECT_EQ(budget.TakeTokens(3, 0, now), 3U);
  EXPECT_TRUE(budget.TakeToken(now));
  EXPECT_FALSE(budget.TakeToken(now));
  budget.ReturnTokens(2);
  EXPECT_EQ(budget.TakeTokens(100, 0, now), 2U);
}

TEST(EngineBudgetTest, BandwidthHoldsForSynsConnectionsAndWhatTheySay) {
  Random random(3);
  MonoTime now{std::chrono::hours(1)};
  EngineBudget budget(1e6, 10, 1, now);
  constexpr double kBytes = 50'000;
  budget.SetBandwidth(kBytes * 8);
  double sent = 0;
  const MonoTime end = now + seconds(20);
  while (now < end) {
    now += std::chrono::microseconds(random.Below(3000));
    sent += static_cast<double>(budget.TakeTokens(1 + random.Below(50), 0, now)) * kSynWireBytes;
    if (budget.TakeToken(now)) sent += kConnectWireBytes;
    if (random.Below(20) == 0) {
      budget.ChargeSaid(500, now);
      sent += 590;
    }
  }
  EXPECT_LE(sent, kBytes * 20 + kBytes / 100 + 2 * kConnectWireBytes + 590);
  EXPECT_GE(sent, kBytes * 20 * 0.98);
}

TEST(EngineBudgetTest, WithoutACeilingOfBitsNothingIsChargedForThem) {
  MonoTime now{std::chrono::hours(1)};
  EngineBudget budget(1000, 10, 1, now);
  now += seconds(1);
  budget.ChargeSaid(1 << 30, now);
  EXPECT_EQ(budget.WhenTokens(1, now), now);
  EXPECT_TRUE(budget.TakeToken(now));
}

}  // namespace
}  // namespace hark

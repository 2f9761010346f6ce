#include "worker/conntrack_watch.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

TEST(ConntrackWatchTest, GoesSlowerFromHalfOnAndHardlyAtSixtyPercent) {
  ConntrackWatch watch;
  EXPECT_EQ(watch.Look(std::nullopt), 1);
  EXPECT_EQ(watch.Look(ConntrackFill{49, 100}), 1);
  double before = 1;
  for (uint64_t count = 51; count < 60; ++count) {
    const double part = watch.Look(ConntrackFill{count, 100});
    EXPECT_LT(part, before);
    before = part;
  }
  for (const uint64_t count : {60, 80, 100, 120}) {
    const double part = watch.Look(ConntrackFill{count, 100});
    EXPECT_GT(part, 0);
    EXPECT_LT(part, 0.05);
  }
  EXPECT_EQ(watch.Look(ConntrackFill{10, 100}), 1);
}

TEST(ConntrackWatchTest, TheAdviceNamesTheRuleAndTheSize) {
  const std::string advice = ConntrackWatch::Advice({52, 100});
  EXPECT_NE(advice.find("52 % full"), std::string::npos);
  EXPECT_NE(advice.find("notrack"), std::string::npos);
  EXPECT_NE(advice.find("nf_conntrack_max=400"), std::string::npos);
}

}  // namespace
}  // namespace hark

#include "coordinator/pressure.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

constexpr uint64_t kMib = uint64_t{1} << 20;

StoreHealth Free(uint64_t mib) {
  StoreHealth health;
  health.free_bytes = mib * kMib;
  return health;
}

TEST(PressureTest, IsThereBelowTheMarkAndGoesATenthAboveIt) {
  Pressure pressure(100 * kMib);
  EXPECT_EQ(pressure.Judge(Free(100)), "");
  EXPECT_NE(pressure.Judge(Free(99)).find("99 MiB free"), std::string::npos);
  EXPECT_NE(pressure.Judge(Free(109)), "");
  EXPECT_EQ(pressure.Judge(Free(110)), "");
  EXPECT_EQ(pressure.Judge(Free(100)), "");
}

TEST(PressureTest, IsThereWhileWritesFailOrStall) {
  Pressure pressure(0);
  StoreHealth health = Free(1);
  health.failing = "the disk is full";
  EXPECT_EQ(pressure.Judge(health), "the disk is full");
  health = Free(1);
  health.writes_stall = true;
  EXPECT_NE(pressure.Judge(health).find("stalls"), std::string::npos);
  EXPECT_EQ(pressure.Judge(Free(1)), "");
}

TEST(PressureTest, IsThereUntilAQuarterOfTheQueueIsLeft) {
  Pressure pressure(0);
  StoreHealth health = Free(1);
  health.commits_waiting = Pressure::kMostWaiting;
  EXPECT_EQ(pressure.Judge(health), "");
  ++health.commits_waiting;
  EXPECT_NE(pressure.Judge(health).find("behind by 4,097"), std::string::npos);
  health.commits_waiting = Pressure::kMostWaiting / 4 + 1;
  EXPECT_NE(pressure.Judge(health), "");
  --health.commits_waiting;
  EXPECT_EQ(pressure.Judge(health), "");
}

TEST(PressureTest, WantsAGibibyteOrTwoPercentOfASmallerDisk) {
  EXPECT_EQ(DefaultMinFree(uint64_t{1} << 40), uint64_t{1} << 30);
  EXPECT_EQ(DefaultMinFree(100 * kMib), 2 * kMib);
}

}  // namespace
}  // namespace hark

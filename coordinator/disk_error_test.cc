// Row 16 of docs/failures.md below RocksDB: the disk refuses one write after another, in every
// place of a run. Nothing is promised meanwhile that is not there; a full disk lets the same
// process go on once it has room, a disk with errors needs the store to be opened again.

#include <gtest/gtest.h>

#include <cstdio>
#include <limits>

#include "coordinator/frail_fleet_fixture.h"

namespace hark {
namespace {

constexpr uint64_t kUntilHealed = std::numeric_limits<uint64_t>::max();

class DiskErrorTest : public testing::Test {
 protected:
  // A run in which nothing fails: what it ends with, and how many writes it makes.
  void SetUp() override {
    FrailFleet fleet(7);
    const uint64_t before = fleet.disk().writes();
    ASSERT_TRUE(fleet.Go());
    ASSERT_TRUE(fleet.done());
    writes_ = fleet.disk().writes() - before;
    undisturbed_ = fleet.store().LogicalDigest("t").value();
  }

  // Heartbeats are answered and nothing is acknowledged.
  static void LiveWithFailure(FrailFleet& fleet) {
    fleet.Turn();  // what was durable before is said
    const uint64_t acks = fleet.acks(), beats = fleet.beats();
    for (int i = 0; i < 5; ++i) fleet.Turn();
    EXPECT_EQ(fleet.acks(), acks);
    EXPECT_GT(fleet.beats(), beats);
  }

  // What the run ends with also survives a cut of the power.
  void ExpectSameEnd(FrailFleet& fleet) {
    ASSERT_TRUE(fleet.Go()) << "never done";
    ASSERT_TRUE(fleet.done());
    fleet.disk().PowerOff();
    fleet.Die();
    fleet.ComeBack();
    EXPECT_EQ(fleet.store().LogicalDigest("t").value(), undisturbed_);
  }

  uint64_t writes_ = 0;
  std::string undisturbed_;
};

TEST_F(DiskErrorTest, Row16AFullDiskAtAnyWriteStopsPromisesAndTheSameProcessGoesOn) {
  uint64_t met = 0;
  for (uint64_t n = 0; n < writes_ && !HasFailure(); ++n) {
    SCOPED_TRACE("write " + std::to_string(n));
    FrailFleet fleet(7);
    fleet.disk().FailWrites(n, kUntilHealed, FrailDisk::Fault::kFull);
    ASSERT_TRUE(fleet.Go()) << "never done";
    if (fleet.done()) continue;
    ++met;
    EXPECT_EQ(fleet.committer().failure().code(), StatusCode::kDiskFull);
    LiveWithFailure(fleet);
    fleet.committer().Retry();  // too early: it is still full
    fleet.Turn();
    EXPECT_FALSE(fleet.committer().failure().ok());
    fleet.disk().Heal();
    fleet.AwaitRetry();
    EXPECT_TRUE(fleet.committer().failure().ok()) << fleet.committer().failure().message();
    ExpectSameEnd(fleet);
  }
  std::printf("full at %lu of %lu writes\n", met, writes_);
  EXPECT_GT(met, writes_ / 2);
}

TEST_F(DiskErrorTest, Row16AnErrorAtAnyWriteStopsPromisesAndTheSameCommandGoesOn) {
  uint64_t met = 0;
  for (const uint64_t count : {uint64_t{1}, kUntilHealed}) {
    for (uint64_t n = 0; n < writes_ && !HasFailure(); n += 3) {
      SCOPED_TRACE("write " + std::to_string(n));
      FrailFleet fleet(7);
      fleet.disk().FailWrites(n, count, FrailDisk::Fault::kIo);
      ASSERT_TRUE(fleet.Go()) << "never done";
      if (fleet.done()) continue;
      ++met;
      LiveWithFailure(fleet);
      fleet.disk().Heal();
      fleet.AwaitRetry();
      EXPECT_EQ(fleet.committer().failure().code(), StatusCode::kIo) << "RocksDB may do more now";
      fleet.Die();
      fleet.ComeBack();
      ExpectSameEnd(fleet);
    }
  }
  std::printf("errors at %lu writes\n", met);
  EXPECT_GT(met, writes_ / 6);
}

}  // namespace
}  // namespace hark

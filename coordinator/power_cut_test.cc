// Row 4 of docs/failures.md below RocksDB: the power goes at any write of the coordinator's disk.

#include <gtest/gtest.h>

#include <cstdio>

#include "coordinator/frail_fleet_fixture.h"

namespace hark {
namespace {

std::string DigestOfAnUndisturbedRun() {
  FrailFleet fleet(1);
  EXPECT_TRUE(fleet.Go());
  EXPECT_TRUE(fleet.done());
  return fleet.store().LogicalDigest("t").value();
}

// memtable_bytes: small ones put flushes, compactions and changes of the log into the run.
void CutThePower(int cuts, size_t memtable_bytes) {
  const std::string undisturbed = DigestOfAnUndisturbedRun();
  int done = 0, opening = 0;
  uint64_t forgotten = 0, runs = 0;
  while (done < cuts && !testing::Test::HasFailure()) {
    const uint64_t seed = 100 + ++runs;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    FrailFleet fleet(seed, memtable_bytes);
    const auto cut_soon = [&] { fleet.disk().PowerOffAfter(random.Below(90)); };
    cut_soon();
    while (!testing::Test::HasFailure()) {
      ASSERT_TRUE(fleet.Go()) << "never done";
      if (fleet.done()) break;
      fleet.disk().PowerOff();
      fleet.Die();
      ++done;
      fleet.ComeBack(cut_soon);
    }
    if (testing::Test::HasFailure()) break;
    fleet.disk().PowerOff();
    fleet.Die();
    fleet.ComeBack();
    EXPECT_EQ(fleet.store().LogicalDigest("t").value(), undisturbed);
    done += fleet.cuts_while_opening();
    opening += fleet.cuts_while_opening();
    forgotten += fleet.forgotten();
  }
  std::printf("%d power cuts in %lu runs, %d of them while the store was opened, %lu items lost\n",
              done, runs, opening, forgotten);
  EXPECT_GT(forgotten, 0U) << "nothing was ever lost, so nothing was shown";
}

TEST(PowerCutTest, Row04WhateverWasAcknowledgedIsThereAndTheRestIsAPrefix) {
  CutThePower(200, 0);
}

TEST(PowerCutTest, Row04TheSameWhileTablesAreWrittenAndMerged) {
  CutThePower(100, 16 << 10);
}

}  // namespace
}  // namespace hark

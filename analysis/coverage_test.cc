#include "analysis/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/fake_run_reader.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CoverageTest : public ::testing::Test {
 protected:
  CoverageTest() {
    reader_.mutable_run().set_planned(100);
    reader_.mutable_run().set_excluded(7);
    reader_.mutable_run().set_gate_port(25);
    reader_.mutable_run().set_state(proto::RunRow::DONE);
  }

  // A sweep of [base, end) that found `answered` listeners and silence.
  proto::JobRow& Sweep(uint64_t base, uint64_t end, uint64_t answered) {
    proto::JobRow& job = reader_.AddJob(proto::JobRow::SWEEP, base, end);
    job.mutable_tally()->set_answered(answered);
    job.mutable_tally()->set_silent(end - base - answered);
    return job;
  }

  Coverage Read() { return *ReadCoverage(reader_); }

  FakeRunReader reader_;
};

TEST_F(CoverageTest, SumsEveryState) {
  proto::Tally& tally = *reader_.AddJob(proto::JobRow::SWEEP, 0, 100).mutable_tally();
  tally.set_silent(60);
  tally.set_refused(20);
  tally.set_unreachable(9);
  tally.set_answered(5);
  tally.set_failed(2);
  tally.set_excluded(4);
  proto::Tally& grabs = *reader_.AddJob(proto::JobRow::GRAB_LISTENERS, 0, 5).mutable_tally();
  grabs.set_answered(3);
  grabs.set_throttled(1);
  grabs.set_refused(1);
  const Coverage coverage = Read();
  EXPECT_TRUE(coverage.sums_to_plan);
  EXPECT_THAT(coverage.errors, IsEmpty());
  EXPECT_EQ(coverage.excluded, 7U);
  EXPECT_EQ(coverage.plan.probed(), 94U);
  EXPECT_EQ(coverage.plan.settled(), 100U);
  EXPECT_EQ(coverage.plan.pending, 0U);
  EXPECT_EQ(coverage.grabs.planned, 5U);
  EXPECT_EQ(coverage.grabs.settled(), 5U);
}

TEST_F(CoverageTest, MovesAThrottledHostThatAnswersLaterToAnswered) {
  Sweep(0, 100, 5);
  proto::Tally& grabs = *reader_.AddJob(proto::JobRow::GRAB_LISTENERS, 0, 5).mutable_tally();
  grabs.set_answered(2);
  grabs.set_throttled(3);
  grabs.set_to_revisit(4);  // one that answered on another port
  proto::Tally& first = *reader_.AddJob(proto::JobRow::GRAB_REVISITS, 0, 4).mutable_tally();
  first.set_answered(3);
  first.set_recovered(2);
  first.set_throttled(1);
  first.set_to_revisit(1);
  reader_.AddJob(proto::JobRow::GRAB_REVISITS, 0, 1).mutable_tally()->set_throttled(1);
  const Coverage coverage = Read();
  EXPECT_THAT(coverage.errors, IsEmpty());
  EXPECT_EQ(coverage.grabs.answered, 4U);
  EXPECT_EQ(coverage.grabs.throttled, 1U);
  EXPECT_EQ(coverage.grabs.settled(), 5U);
  EXPECT_EQ(coverage.revisits.planned, 5U);
  EXPECT_EQ(coverage.revisits.pending, 0U);
}

TEST_F(CoverageTest, MissesARevisitThatWasPlannedAndNotMade) {
  Sweep(0, 100, 1);
  proto::Tally& grabs = *reader_.AddJob(proto::JobRow::GRAB_LISTENERS, 0, 1).mutable_tally();
  grabs.set_throttled(1);
  grabs.set_to_revisit(1);
  EXPECT_THAT(Read().errors, ElementsAre("the ledger counts 0 of 1 revisits"));
  reader_.mutable_run().set_state(proto::RunRow::OPEN);
  EXPECT_THAT(Read().errors, IsEmpty());
  EXPECT_EQ(Read().revisits.pending, 1U);
}

TEST_F(CoverageTest, ComplainsAboutMoreThatRecoveredThanWereThrottled) {
  Sweep(0, 100, 1);
  reader_.AddJob(proto::JobRow::GRAB_LISTENERS, 0, 1).mutable_tally()->set_answered(1);
  reader_.mutable_run().set_state(proto::RunRow::OPEN);
  proto::Tally& revisit = *reader_.AddJob(proto::JobRow::GRAB_REVISITS, 0, 1).mutable_tally();
  revisit.set_answered(1);
  revisit.set_recovered(1);
  EXPECT_FALSE(Read().sums_to_plan);
}

TEST_F(CoverageTest, CountsOfASplitJobWhatItCommitted) {
  proto::JobRow& parent = Sweep(0, 100, 0);
  parent.set_state(proto::JobRow::SPLIT);
  parent.set_cursor(40);
  parent.mutable_tally()->set_silent(40);
  Sweep(40, 70, 0);
  Sweep(70, 100, 0);
  EXPECT_TRUE(Read().sums_to_plan);
}

TEST_F(CoverageTest, BlamesUsForTargetsInQuarantine) {
  Sweep(0, 99, 0);
  proto::JobRow& poison = reader_.AddJob(proto::JobRow::SWEEP, 99, 100);
  poison.set_state(proto::JobRow::QUARANTINED);
  poison.set_cursor(99);
  poison.mutable_tally()->set_failed(1);
  const Coverage coverage = Read();
  EXPECT_TRUE(coverage.sums_to_plan);
  EXPECT_EQ(coverage.plan.failed, 1U);
}

TEST_F(CoverageTest, WaitsForWhatIsMissingWhileTheRunGoesOn) {
  reader_.mutable_run().set_state(proto::RunRow::OPEN);
  Sweep(0, 30, 2);
  const Coverage coverage = Read();
  EXPECT_TRUE(coverage.sums_to_plan);
  EXPECT_EQ(coverage.plan.pending, 70U);
  EXPECT_EQ(coverage.grabs.pending, 2U);
}

TEST_F(CoverageTest, ComplainsWhenADoneRunMissesTargetsOrListeners) {
  Sweep(0, 99, 2);
  const Coverage coverage = Read();
  EXPECT_FALSE(coverage.sums_to_plan);
  EXPECT_THAT(coverage.errors, ElementsAre("the ledger counts 99 of 100 planned targets",
                                           "the ledger counts 0 of 2 listeners found"));
}

TEST_F(CoverageTest, ComplainsAboutTargetsCountedTwiceEvenWhileTheRunGoesOn) {
  reader_.mutable_run().set_state(proto::RunRow::OPEN);
  Sweep(0, 60, 0);
  Sweep(50, 100, 0);
  EXPECT_THAT(Read().errors, ElementsAre("the ledger counts 110 of 100 planned targets"));
}

TEST_F(CoverageTest, ComplainsAboutAJobWhoseTallyIsNotItsCursor) {
  Sweep(0, 60, 0).mutable_tally()->set_silent(59);
  Sweep(60, 100, 0).mutable_tally()->set_silent(41);
  EXPECT_THAT(Read().errors, ElementsAre("job 1 is through with 60 targets and counts 59",
                                         "job 2 is through with 40 targets and counts 41"));
}

TEST_F(CoverageTest, TakesTheGrabsForThePlanWhenThereIsNoGate) {
  reader_.mutable_run().set_gate_port(0);
  reader_.AddJob(proto::JobRow::GRAB_TARGETS, 0, 100).mutable_tally()->set_silent(100);
  const Coverage coverage = Read();
  EXPECT_TRUE(coverage.sums_to_plan);
  EXPECT_EQ(coverage.plan.silent, 100U);
  EXPECT_EQ(coverage.grabs.planned, 0U);
}

}  // namespace
}  // namespace hark

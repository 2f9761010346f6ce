#include "analysis/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/fake_run_reader.h"
#include "base/range_set.h"

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

TEST_F(CoverageTest, PurgedHostsLeaveTheirStatesAndTheSumsStay) {
  Sweep(0, 100, 5);
  proto::Tally& grabs = *reader_.AddJob(proto::JobRow::GRAB_LISTENERS, 0, 5).mutable_tally();
  grabs.set_answered(4);
  grabs.set_throttled(1);
  reader_.mutable_purged().set_listeners(2);
  reader_.mutable_purged().mutable_grabs()->set_answered(1);
  reader_.mutable_purged().mutable_grabs()->set_throttled(1);
  const Coverage coverage = Read();
  EXPECT_TRUE(coverage.sums_to_plan);
  EXPECT_EQ(coverage.plan.answered, 3U);
  EXPECT_EQ(coverage.plan.purged, 2U);
  EXPECT_EQ(coverage.grabs.planned, 5U);
  EXPECT_EQ(coverage.grabs.answered, 3U);
  EXPECT_EQ(coverage.grabs.throttled, 0U);
  EXPECT_EQ(coverage.grabs.purged, 2U);
}

TEST_F(CoverageTest, MorePurgedThanThereWasIsAnError) {
  Sweep(0, 100, 5);
  reader_.mutable_purged().set_listeners(6);
  EXPECT_FALSE(Read().sums_to_plan);
}

TEST_F(CoverageTest, VisitedIPv6TargetsAreOfThePlanAndNoListeners) {
  reader_.mutable_run().set_targets6_count(10);
  Sweep(0, 90, 5);
  proto::Tally& six = *reader_.AddJob(proto::JobRow::GRAB_TARGETS, 90, 100).mutable_tally();
  six.set_answered(7);
  six.set_silent(3);
  reader_.AddJob(proto::JobRow::GRAB_LISTENERS, 0, 5).mutable_tally()->set_answered(5);
  const Coverage coverage = Read();
  EXPECT_TRUE(coverage.sums_to_plan);
  EXPECT_EQ(coverage.plan.answered, 12U);
  EXPECT_EQ(coverage.grabs.planned, 5U);
}

TEST_F(CoverageTest, PartsSumToTheWhole) {
  reader_.mutable_run().add_ports(22);
  reader_.mutable_run().add_ports(443);
  reader_.SetTargets(RangeSet({{0x0a000000, 0x0a00003b}, {0x0a010000, 0x0a010027}}).Encode());
  Sweep(0, 100, 3);
  proto::Tally& grabs = *reader_.AddJob(proto::JobRow::GRAB_LISTENERS, 0, 3).mutable_tally();
  grabs.set_answered(2);
  grabs.set_refused(1);
  const Address a = Address::V4(0x0a000001), b = Address::V4(0x0a000002),
                c = Address::V4(0x0a010001);
  for (const Address& address : {a, b, c}) {
    reader_.AddListener(address);
    reader_.AddHost(address, address == c ? 7 : 9);
  }
  reader_.AddPort(a, 22, {"k"});
  reader_.AddPort(a, 443, {}, Outcome::kRefused, Stage::kConnect);
  reader_.AddPort(b, 22, {}, Outcome::kProtocolError, Stage::kGreeting);
  reader_.AddPort(b, 443, {}, Outcome::kSilent, Stage::kConnect);
  reader_.AddPort(c, 22, {}, Outcome::kRefused, Stage::kConnect);
  reader_.AddPort(c, 443, {}, Outcome::kUnreachable, Stage::kConnect);
  const CoverageParts parts = *ReadCoverageParts(reader_, Read());
  EXPECT_THAT(parts.errors, IsEmpty());
  const PortLedger& ssh = parts.ports.at(22);
  EXPECT_EQ(ssh.planned, 3U);
  EXPECT_EQ(ssh.answered, 2U);
  EXPECT_EQ(ssh.refused, 1U);
  EXPECT_EQ(ssh.grabbed, 1U);
  EXPECT_EQ(parts.ports.at(443).silent + parts.ports.at(443).refused, 2U);
  EXPECT_EQ(parts.blocks16.at(0x0a00).planned, 60U);
  EXPECT_EQ(parts.blocks16.at(0x0a00).answered, 2U);
  EXPECT_EQ(parts.blocks16.at(0x0a00).grabbed, 1U);
  EXPECT_EQ(parts.blocks16.at(0x0a01).planned, 40U);
  EXPECT_EQ(parts.ases.at(9).visited, 2U);
  EXPECT_EQ(parts.ases.at(7).answered, 0U);
}

}  // namespace
}  // namespace hark

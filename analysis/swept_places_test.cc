#include "analysis/swept_places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/coverage.h"
#include "analysis/fake_run_reader.h"
#include "base/permutation.h"
#include "storage/run_order.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// 100 targets of two /16s, every seventh of which refuses; the rest is silent but for index 3.
class SweptPlacesTest : public ::testing::Test {
 protected:
  SweptPlacesTest() : targets_({{0x0a000000, 0x0a00003b}, {0x0a010000, 0x0a010027}}) {
    reader_.mutable_run().set_planned(100);
    reader_.mutable_run().set_gate_port(25);
    reader_.mutable_run().set_seed(7);
    reader_.SetTargets(targets_.Encode());
  }

  static TargetState StateOf(uint64_t index) {
    if (index == 3) return TargetState::kAnswered;
    return index % 7 == 0 ? TargetState::kRefused : TargetState::kSilent;
  }

  static TargetStates StatesOf(uint64_t from, uint64_t to) {
    TargetStates states;
    for (uint64_t i = from; i < to; ++i) states.Add(StateOf(i));
    return states;
  }

  // A batch of a job's as it is stored: the row, and the tally.
  void Sweep(uint64_t from, uint64_t to, bool with_row = true) {
    const TargetStates states = StatesOf(from, to);
    if (with_row) reader_.PutSwept(from, states);
    proto::Tally& tally = *reader_.AddJob(proto::JobRow::SWEEP, from, to).mutable_tally();
    tally.set_silent(states.Count()[0]);
    tally.set_refused(states.Count()[1]);
    tally.set_answered(states.Count()[3]);
  }

  uint32_t BlockOf(uint64_t index) const {
    const Permutation order(targets_.size(), PermutationKey(reader_.run()));
    return targets_.At(order.At(index)) >> 16;
  }

  uint64_t Expected(uint32_t block, TargetState state, uint64_t from, uint64_t to) const {
    uint64_t n = 0;
    for (uint64_t i = from; i < to; ++i) n += BlockOf(i) == block && StateOf(i) == state;
    return n;
  }

  void ExpectPlaces(uint64_t from, uint64_t to) {
    const SweptPlaces places = *ReadSweptPlaces(reader_, targets_);
    EXPECT_THAT(places.errors, IsEmpty());
    for (const auto& [block, planned] : {std::pair(0x0a00U, 60U), std::pair(0x0a01U, 40U)}) {
      const SweptPlaces::Block& counted = places.blocks16.at(block);
      uint64_t sum = counted.pending;
      for (size_t i = 0; i < kTargetStateCount; ++i) {
        EXPECT_EQ(counted.states[i], Expected(block, static_cast<TargetState>(i), from, to)) << i;
        sum += counted.states[i];
      }
      EXPECT_EQ(sum, planned);
    }
  }

  const RangeSet targets_;
  FakeRunReader reader_;
};

TEST_F(SweptPlacesTest, EveryStateHasItsPlaceWhenAllIsSwept) {
  Sweep(0, 37);
  Sweep(37, 100);
  ExpectPlaces(0, 100);
}

TEST_F(SweptPlacesTest, SoItHasWhileMostIsPendingAndWhenLittleIs) {
  Sweep(10, 20);
  ExpectPlaces(10, 20);
  Sweep(20, 95);
  ExpectPlaces(10, 95);
}

TEST_F(SweptPlacesTest, TheTargetNoWorkerSurvivedIsAFailureOfOurs) {
  Sweep(0, 99);
  proto::JobRow& poison = reader_.AddJob(proto::JobRow::SWEEP, 99, 100);
  poison.set_state(proto::JobRow::QUARANTINED);
  poison.set_cursor(99);
  poison.mutable_tally()->set_failed(1);
  const SweptPlaces places = *ReadSweptPlaces(reader_, targets_);
  EXPECT_THAT(places.errors, IsEmpty());
  EXPECT_EQ(places.blocks16.at(BlockOf(99)).states[static_cast<size_t>(TargetState::kFailed)], 1U);
}

TEST_F(SweptPlacesTest, WhatIsToldTwiceIsAnError) {
  Sweep(0, 60);
  Sweep(50, 100);
  EXPECT_EQ(ReadSweptPlaces(reader_, targets_)->errors.front(), "index 50 was swept twice");
}

TEST_F(SweptPlacesTest, StatesThatAreNotTheJobsAreAnError) {
  Sweep(0, 100);
  TargetStates other = StatesOf(0, 100);
  other.Set(1, TargetState::kUnreachable);
  reader_.PutSwept(0, other);
  EXPECT_THAT(ReadSweptPlaces(reader_, targets_)->errors,
              ElementsAre("the sweeps tell of 83 silent targets, the jobs count 84",
                          "the sweeps tell of 1 unreachable targets, the jobs count 0"));
}

TEST_F(SweptPlacesTest, WorkersThatOnlyCountLeaveTheirTargetsWithoutAPlace) {
  Sweep(0, 40, false);
  Sweep(40, 100);
  const SweptPlaces places = *ReadSweptPlaces(reader_, targets_);
  EXPECT_THAT(places.errors, IsEmpty());
  EXPECT_EQ(places.unplaced, 40U);
  uint64_t pending = 0;
  for (const auto& [block, counted] : places.blocks16) pending += counted.pending;
  EXPECT_EQ(pending, 40U);
}

TEST_F(SweptPlacesTest, PurgedTargetsAreCountedAsWhatTheyWere) {
  Sweep(0, 100);
  TargetStates without = StatesOf(0, 100);
  without.Set(1, TargetState::kPurged);
  without.Set(7, TargetState::kPurged);
  reader_.PutSwept(0, without);
  EXPECT_EQ(ReadSweptPlaces(reader_, targets_)->errors.size(), 2U);
  reader_.mutable_purged().mutable_swept()->set_silent(1);
  reader_.mutable_purged().mutable_swept()->set_refused(1);
  EXPECT_THAT(ReadSweptPlaces(reader_, targets_)->errors, IsEmpty());
  const Coverage coverage = *ReadCoverage(reader_);
  EXPECT_EQ(coverage.plan.purged, 2U);
  EXPECT_EQ(coverage.plan.silent, 83U);
}

TEST_F(SweptPlacesTest, ThePartsOfTheLedgerSumToTheWhole) {
  reader_.SetLeftOut(RangeSet({{0x0a00003c, 0x0a000040}, {0x0b000000, 0x0b000000}}).Encode());
  Sweep(0, 100);
  const Coverage whole = *ReadCoverage(reader_);
  const CoverageParts parts = *ReadCoverageParts(reader_, whole);
  EXPECT_THAT(parts.errors, IsEmpty());
  EXPECT_EQ(parts.gate_port, 25);
  EXPECT_EQ(parts.gate.silent, whole.plan.silent);
  EXPECT_EQ(parts.gate.refused, 15U);
  EXPECT_EQ(parts.gate.pending, 0U);
  EXPECT_EQ(parts.blocks16.at(0x0a00).excluded, 5U);
  EXPECT_EQ(parts.blocks16.at(0x0b00).excluded, 1U);
  EXPECT_EQ(parts.blocks16.at(0x0b00).planned, 0U);
  EXPECT_EQ(parts.blocks16.at(0x0a01).silent + parts.blocks16.at(0x0a00).silent, 84U);
}

}  // namespace
}  // namespace hark

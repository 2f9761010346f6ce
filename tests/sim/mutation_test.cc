// Does the simulator see it when a rule is gone? One rule at a time is switched off
// (base/mutation.h) and short histories run until one of them breaks.
//
// HARK_SIM_CATCHES=N catches each N times and prints the mean number of histories that took.

#include "base/mutation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ostream>

#include "base/log.h"
#include "base/strings.h"
#include "tests/sim/fleet_simulation.h"

namespace hark::sim {
namespace {

struct Mutation {
  Rule rule;
  const char* name;
  uint64_t within;  // histories in which it must be caught: several times the mean
  FleetOptions (*history)(uint64_t seed) = ShortHistory;
};

// Brief jobs, and somebody is always cut off: when the coordinator dies there is one who has handed
// over all it held and has not heard so. It comes back when the others have been given its share.
FleetOptions BriefJobs(uint64_t seed) {
  FleetOptions options;
  options.seed = seed;
  options.workers = 3;
  options.expected_workers = 1;
  options.targets = 3000;
  options.sweep_job = 30;
  options.min_sweep_tail = options.min_grab_tail = 2048;
  options.loss = 0.08;
  options.duplication = 0;
  options.worker_deaths_every = 0;
  options.coordinator_deaths_every = 25;
  options.partitions_every = 3;
  options.trouble = std::chrono::seconds(90);
  options.patience = std::chrono::minutes(20);
  return options;
}

constexpr Mutation kMutations[] = {
    {Rule::kAckOnlyDurable, "AckOnlyDurable", 2000},
    {Rule::kAckAfterSync, "AckAfterSync", 100},
    {Rule::kPresentToken, "PresentToken", 2000},
    {Rule::kReleasedIsOver, "ReleasedIsOver", 2000},
    {Rule::kNoGaps, "NoGaps", 100},
    {Rule::kCursorWithBatch, "CursorWithBatch", 1000},
    {Rule::kDoneAtTheEnd, "DoneAtTheEnd", 5000},
    {Rule::kNewToken, "NewToken", 500},
    {Rule::kEpochInToken, "EpochInToken", 500},
    {Rule::kLeasesOutliveRestart, "LeasesOutliveRestart", 500},
    {Rule::kLeaseBeforeJob, "LeaseBeforeJob", 100},
    {Rule::kKeepRenews, "KeepRenews", 1000},
    {Rule::kExpiry, "Expiry", 500},
    {Rule::kTrimAfterAck, "TrimAfterAck", 500},
    {Rule::kTrimShortens, "TrimShortens", 500},
    {Rule::kSplitKeepsBoth, "SplitKeepsBoth", 500},
    {Rule::kEmptyHandedIsReleased, "EmptyHandedIsReleased", 1000},
    {Rule::kCreditReturned, "CreditReturned", 500},
    {Rule::kShareWaits, "ShareWaits", 500},
    {Rule::kGhostsCount, "GhostsCount", 5000},
    {Rule::kDurableListenersOnly, "DurableListenersOnly", 500},
    {Rule::kRecoveredOnce, "RecoveredOnce", 500},
    {Rule::kRevisitAfterBackoff, "RevisitAfterBackoff", 500},
    {Rule::kRevisitOneRound, "RevisitOneRound", 500},
    {Rule::kAuditWithBatch, "AuditWithBatch", 2000},
    {Rule::kAuditByAnother, "AuditByAnother", 500},
    {Rule::kAuditRests, "AuditRests", 500},
    {Rule::kAuditKeepsNothing, "AuditKeepsNothing", 500},
    {Rule::kAuditGivesUp, "AuditGivesUp", 500},
    {Rule::kReserveAfterRestart, "ReserveAfterRestart", 2000},
    {Rule::kRunCeiling, "RunCeiling", 1000},
    {Rule::kLimitsKept, "LimitsKept", 1000},
    {Rule::kLeftOutGivesBack, "LeftOutGivesBack", 2000},
    {Rule::kStandingStillLeasesNothing, "StandingStillLeasesNothing", 1000},
    {Rule::kCancelReleases, "CancelReleases", 2000},
    {Rule::kCancelledForEver, "CancelledForEver", 2000},
    {Rule::kPressureGivesNothing, "PressureGivesNothing", 500},
    {Rule::kOptOutLateRecord, "OptOutLateRecord", 2000},
    {Rule::kQuietAfterLease, "QuietAfterLease", 10'000},
    {Rule::kQuietOverQuota, "QuietOverQuota", 500},
    {Rule::kAbandonForgets, "AbandonForgets", 2000},
    {Rule::kCannotSupply, "CannotSupply", 10'000},
    {Rule::kCreditSpent, "CreditSpent", 40'000},
    {Rule::kGoBack, "GoBack", 2000},
    {Rule::kAckAfterApply, "AckAfterApply", 1000},
    {Rule::kOldLeasesLackOptOuts, "OldLeasesLackOptOuts", 10'000},
    {Rule::kOptOutsBeforeJob, "OptOutsBeforeJob", 10'000},
    {Rule::kCancelDrops, "CancelDrops", 10'000},
    {Rule::kGhostShare, "GhostShare", 20'000, BriefJobs},
    {Rule::kOptOutAtContact, "OptOutAtContact", 500},
    {Rule::kPausedHolds, "PausedHolds", 1000},
};

// A test's name in ctest is its parameter printed: it must not be an address.
void PrintTo(const Mutation& mutation, std::ostream* out) {
  *out << mutation.name;
}

class MutationTest : public testing::TestWithParam<Mutation> {
 protected:
  void SetUp() override {
    SetLogSink([](LogLevel, std::string_view) {});  // what breaks is expected
    BrokenRule() = GetParam().rule;
  }
  void TearDown() override {
    BrokenRule() = Rule::kNone;
    SetLogSink(nullptr);
  }
};

TEST_P(MutationTest, IsCaught) {
  const char* text = std::getenv("HARK_SIM_CATCHES");  // NOLINT(concurrency-mt-unsafe): as above
  const uint64_t wanted = text == nullptr ? 1 : ParseUint(text).value_or(1);
  uint64_t caught = 0, seed = 0;
  std::string how;
  while (caught < wanted && seed < GetParam().within * wanted) {
    const FleetOutcome outcome = RunFleet(GetParam().history(++seed));
    if (outcome.finished && outcome.broken.empty()) continue;
    ++caught;
    if (how.empty()) how = outcome.broken.empty() ? "never finished" : outcome.broken.front();
  }
  EXPECT_EQ(caught, wanted) << "in " << seed << " histories without the rule";
  if (caught > 0) {
    std::printf("caught %lu times, every %.1f histories; first: %s\n",
                static_cast<unsigned long>(caught),
                static_cast<double>(seed) / static_cast<double>(caught), how.c_str());
  }
}

INSTANTIATE_TEST_SUITE_P(Rule, MutationTest, testing::ValuesIn(kMutations),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(MutationTableTest, WhatCatchesOneRuleFindsNothingWhenAllAreKept) {
  SetLogSink([](LogLevel, std::string_view) {});
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const FleetOutcome outcome = RunFleet(BriefJobs(seed));
    EXPECT_TRUE(outcome.finished) << "seed " << seed;
    EXPECT_TRUE(outcome.broken.empty()) << "seed " << seed << ": " << outcome.broken.front();
  }
  SetLogSink(nullptr);
}

TEST(MutationTableTest, HasEveryRule) {
  EXPECT_EQ(std::size(kMutations) + 1, static_cast<size_t>(Rule::kCount));
}

}  // namespace
}  // namespace hark::sim

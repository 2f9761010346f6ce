#include "coordinator/rate_adapter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace hark {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kSettle = seconds(15);

// A run over a line that carries so much, of whose targets one in a hundred listens.
class Line {
 public:
  explicit Line(double ceiling, double recheck = 0.1) : ceiling_(ceiling), recheck_(recheck) {}

  double rate() const { return adapter.limit() > 0 ? adapter.limit() : ceiling_; }
  double LossNow() const {
    return std::max(always, rate() <= capacity ? 0.0 : 1 - capacity / rate());
  }

  // What one second brings, found as often as chance has it.
  void Second() {
    now += seconds(1);
    const double listeners = rate() / 100;
    const double lost = LossNow();
    proto::Tally tally;
    const uint64_t answered = Draw(listeners * (1 - lost));
    const auto silent = static_cast<uint64_t>(rate()) - answered;
    const uint64_t found = Draw(listeners * lost * recheck_ * (1 - lost));
    tally.set_rechecked(
        std::max(found, static_cast<uint64_t>(static_cast<double>(silent) * recheck_)));
    tally.set_found_again(found);
    tally.set_answered(answered + found);
    tally.set_silent(silent - found);
    adapter.Count(tally);
    if (adapter.Review(rate(), ceiling_, kSettle, now)) changes.push_back(rate());
  }
  void Run(Duration time) {
    for (const MonoTime until = now + time; now < until;) Second();
  }

  RateAdapter adapter;
  double capacity = 1e9;
  double always = 0;
  MonoTime now{std::chrono::hours(1)};
  std::vector<double> changes;

 private:
  uint64_t Draw(double mean) {
    // Binomial, near enough to Poisson.
    constexpr int kTries = 1000;
    uint64_t hits = 0;
    for (int i = 0; i < kTries; ++i) {
      hits += static_cast<double>(random_.Below(1'000'000)) < mean / kTries * 1e6 ? 1 : 0;
    }
    return hits;
  }

  double ceiling_;
  double recheck_;
  Random random_{9};
};

TEST(RateAdapterTest, LeavesARunThatLosesNothingAlone) {
  Line line(10'000);
  line.Run(minutes(30));
  EXPECT_TRUE(line.changes.empty());
  EXPECT_EQ(line.adapter.limit(), 0);
  EXPECT_EQ(line.adapter.loss(), 0);
}

TEST(RateAdapterTest, SaysNothingOfLossBeforeEnoughWasAskedAgain) {
  Line line(100, 0.01);
  line.Run(seconds(60));
  EXPECT_EQ(line.adapter.loss(), -1);
}

TEST(RateAdapterTest, GoesDownToWhatALineCarriesInOneOrTwoSteps) {
  Line line(10'000);
  line.capacity = 5'000;
  for (int i = 0; i < 60 && line.rate() > line.capacity * 1.1; ++i) line.Second();
  ASSERT_FALSE(line.changes.empty());
  EXPECT_LE(line.changes.size(), 2U);
  EXPECT_LT(line.rate(), 5'000 * 1.1);
  EXPECT_GT(line.rate(), 2'000);
}

TEST(RateAdapterTest, StaysNearWhatTheLineCarriesWithoutSwinging) {
  Line line(10'000);
  line.capacity = 5'000;
  line.Run(minutes(5));
  line.changes.clear();
  double sum = 0, most = 0;
  constexpr int kSeconds = 3600;
  for (int i = 0; i < kSeconds; ++i) {
    line.Second();
    sum += line.rate();
    most = std::max(most, line.LossNow());
  }
  EXPECT_GT(sum / kSeconds, 0.75 * line.capacity);
  EXPECT_LT(sum / kSeconds, 1.05 * line.capacity);
  EXPECT_LT(most, 0.25);
  // Each time the memory is over it tries one step up, and comes back.
  EXPECT_LT(line.changes.size(), 60U);
}

TEST(RateAdapterTest, IsFreeAgainWhenTheLossIsGone) {
  Line line(10'000);
  line.capacity = 3'000;
  line.Run(minutes(3));
  ASSERT_LT(line.rate(), 4'000);
  line.capacity = 1e9;
  line.Run(minutes(20));
  EXPECT_EQ(line.adapter.limit(), 0);
  EXPECT_EQ(line.adapter.state(), RateAdapter::State::kFree);
}

TEST(RateAdapterTest, LossThatHasNothingToDoWithTheRateStopsAtTheFloor) {
  Line line(10'000);
  line.always = 0.3;
  line.Run(minutes(60));
  EXPECT_NEAR(line.rate(), 10'000 * RateAdapter::kFloor, 1);
}

TEST(RateAdapterTest, WhatWasSentBeforeAChangeDoesNotCountForIt) {
  RateAdapter adapter;
  proto::Tally lossy;
  lossy.set_answered(600);
  lossy.set_silent(90'000);
  lossy.set_rechecked(9'000);
  lossy.set_found_again(20);
  MonoTime now{std::chrono::hours(1)};
  adapter.Count(lossy);
  ASSERT_TRUE(adapter.Review(1'000, 1'000, kSettle, now));
  const double limit = adapter.limit();
  ASSERT_LT(limit, 1'000);
  for (int i = 0; i < 10; ++i) {
    now += seconds(1);
    adapter.Count(lossy);
    EXPECT_FALSE(adapter.Review(limit, 1'000, kSettle, now));
    EXPECT_EQ(adapter.state(), RateAdapter::State::kSettling);
  }
  now += kSettle;
  EXPECT_FALSE(adapter.Review(limit, 1'000, kSettle, now));  // all that is forgotten now
  EXPECT_EQ(adapter.state(), RateAdapter::State::kWatching);
  EXPECT_FALSE(adapter.Review(limit, 1'000, kSettle, now));
  EXPECT_EQ(adapter.limit(), limit);
}

TEST(RateAdapterTest, AFewFoundAgainByChanceChangeNothing) {
  RateAdapter adapter;
  proto::Tally few;
  few.set_answered(23);
  few.set_silent(9'000);
  few.set_rechecked(900);
  few.set_found_again(3);  // of 2 that would have been expected had none been heard
  adapter.Count(few);
  EXPECT_FALSE(adapter.Review(1'000, 1'000, kSettle, MonoTime(minutes(1))));
  EXPECT_EQ(adapter.limit(), 0);
}

TEST(RateAdapterTest, ARunThatWaitsIsNotJudged) {
  RateAdapter adapter;
  proto::Tally lossy;
  lossy.set_answered(600);
  lossy.set_silent(90'000);
  lossy.set_rechecked(9'000);
  lossy.set_found_again(40);
  adapter.Count(lossy);
  EXPECT_FALSE(adapter.Review(0, 1'000, kSettle, MonoTime(minutes(1))));
  EXPECT_EQ(adapter.limit(), 0);
}

TEST(RateAdapterTest, EachCutIsBoundedAndALoweredRateIsNeverRaisedByACut) {
  Random random(3);
  for (int round = 0; round < 2'000; ++round) {
    RateAdapter adapter;
    proto::Tally tally;
    tally.set_answered(random.Below(1'000) + 1'000);
    tally.set_silent(random.Below(100'000));
    tally.set_rechecked(random.Below(10'000));
    tally.set_found_again(random.Below(std::min<uint64_t>(1'000, tally.rechecked() + 1)));
    const double ceiling = 1 + static_cast<double>(random.Below(100'000));
    const double has = ceiling * static_cast<double>(1 + random.Below(1'000)) / 1'000;
    adapter.Count(tally);
    adapter.Review(has, ceiling, kSettle, MonoTime(minutes(1)));
    if (adapter.limit() == 0) continue;
    EXPECT_LE(adapter.limit(), has);
    EXPECT_GE(adapter.limit(), std::min(has, has * RateAdapter::kDeepestCut * 0.999));
    EXPECT_GE(adapter.limit(), std::min(has, ceiling * RateAdapter::kFloor) * 0.999);
  }
}

TEST(RateAdapterTest, EveryStateHasAName) {
  for (const auto state :
       {RateAdapter::State::kFree, RateAdapter::State::kSettling, RateAdapter::State::kWatching}) {
    EXPECT_STRNE(RateAdapterStateName(state), "");
  }
}

}  // namespace
}  // namespace hark

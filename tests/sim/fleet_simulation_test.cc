#include "tests/sim/fleet_simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/log.h"
#include "base/strings.h"

namespace hark::sim {
namespace {

// --seeds N runs that many instead, --first S from there on, --seed S that one alone (sim_main.cc).
uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no thread sets it
  return text == nullptr ? otherwise : ParseUint(text).value_or(otherwise);
}

class FleetSimulationTest : public testing::Test {
 protected:
  // What the simulated faults make the coordinator warn about is expected.
  void SetUp() override { SetLogLevel(LogLevel::kError); }
  void TearDown() override { SetLogLevel(LogLevel::kWarning); }

  void RunSeeds(
      uint64_t count, const std::function<void(FleetOptions&)>& tune,
      const std::function<void(const FleetOutcome&)>& check = [](const auto&) {}) {
    const uint64_t only = FromEnvironment("HARK_SIM_SEED", 0);
    const uint64_t first = only != 0 ? only : 1;
    const uint64_t last = only != 0 ? only : FromEnvironment("HARK_SIM_SEEDS", count);
    for (uint64_t seed = first; seed <= last && !HasFailure(); ++seed) {
      FleetOptions options;
      options.seed = seed;
      tune(options);
      check(Keeps(options));
    }
    Report();
  }

  // One of four parts of the seeds, so that parts can run at the same time.
  void RunShort(uint64_t part, uint64_t count) {
    const uint64_t only = FromEnvironment("HARK_SIM_SEED", 0);
    const uint64_t first = only != 0 ? only : FromEnvironment("HARK_SIM_FIRST", 1);
    const uint64_t last = only != 0 ? only : first + FromEnvironment("HARK_SIM_SEEDS", count) - 1;
    for (uint64_t seed = first; seed <= last && !HasFailure(); ++seed) {
      if (seed % 4 == part) Keeps(ShortHistory(seed));
    }
    Report();
    // One in a thousand would be no bad luck any more.
    EXPECT_LE(sum_.innocent_left_out, 1 + histories_ / 1000);
  }

  // One history, with everything that must hold in it.
  FleetOutcome Keeps(const FleetOptions& options) {
    FleetOutcome outcome = RunFleet(options);
    EXPECT_TRUE(outcome.broken.empty())
        << "--seed " << options.seed << ": " << outcome.broken.front();
    EXPECT_TRUE(outcome.finished || !outcome.broken.empty())
        << "--seed " << options.seed << " did not finish; " << outcome.messages << " messages";
    ++histories_;
    targets_ += options.targets;
    sum_.probes += outcome.probes;
    sum_.revisits += outcome.revisits;
    sum_.early_visits += outcome.early_visits;
    sum_.messages += outcome.messages;
    sum_.coordinator_deaths += outcome.coordinator_deaths;
    sum_.worker_deaths += outcome.worker_deaths;
    sum_.trims += outcome.trims;
    sum_.splits += outcome.splits;
    sum_.left_out += outcome.left_out;
    sum_.innocent_left_out += outcome.innocent_left_out;
    sum_.virtual_seconds += outcome.virtual_seconds;
    return outcome;
  }

  void Report() const {
    if (histories_ == 0) return;  // the one seed is another part's
    const auto n = [](uint64_t count) { return WithThousands(count); };
    const double again = 100.0 * static_cast<double>(sum_.probes) / static_cast<double>(targets_);
    std::printf(
        "%s histories, %.0f virtual hours, %s messages, %s coordinator and %s worker deaths, "
        "%.1f %% of targets probed again, %s trims, %s splits, %s left out (%s by bad luck), %s "
        "revisits, %s "
        "of them early\n",
        n(histories_).c_str(), sum_.virtual_seconds / 3600, n(sum_.messages).c_str(),
        n(sum_.coordinator_deaths).c_str(), n(sum_.worker_deaths).c_str(), again - 100,
        n(sum_.trims).c_str(), n(sum_.splits).c_str(), n(sum_.left_out).c_str(),
        n(sum_.innocent_left_out).c_str(), n(sum_.revisits).c_str(), n(sum_.early_visits).c_str());
  }

 private:
  uint64_t histories_ = 0, targets_ = 0;
  FleetOutcome sum_;
};

// In CI, which builds a release; the slower builds look at a sample.
#ifdef NDEBUG
constexpr uint64_t kShortHistories = 100'000;
#else
constexpr uint64_t kShortHistories = 2'000;
#endif

TEST_F(FleetSimulationTest, KeepsEveryRuleInShortHistories1) {
  RunShort(0, kShortHistories);
}
TEST_F(FleetSimulationTest, KeepsEveryRuleInShortHistories2) {
  RunShort(1, kShortHistories);
}
TEST_F(FleetSimulationTest, KeepsEveryRuleInShortHistories3) {
  RunShort(2, kShortHistories);
}
TEST_F(FleetSimulationTest, KeepsEveryRuleInShortHistories4) {
  RunShort(3, kShortHistories);
}

TEST_F(FleetSimulationTest, LosesAndDoublesNothingWhateverDies) {
  RunSeeds(400, [](FleetOptions&) {});
}

TEST_F(FleetSimulationTest, ProbesEachTargetOnceWhenNothingGoesWrong) {
  const FleetOptions options = Undisturbed(FleetOptions());
  const FleetOutcome outcome = RunFleet(options);
  EXPECT_TRUE(outcome.finished);
  EXPECT_TRUE(outcome.broken.empty());
  EXPECT_EQ(outcome.probes, options.targets);
}

TEST_F(FleetSimulationTest, FinishesWithoutTheOneTargetThatKillsEveryWorker) {
  RunSeeds(20, [](FleetOptions& options) {
    options = Undisturbed(options);
    options.targets = 400;
    options.poison = options.seed % options.targets;
  });
}

TEST_F(FleetSimulationTest, BringsThrottledHostsBackInTimeWhateverDies) {
  RunSeeds(150, [](FleetOptions& options) { options.throttled_share = 0.4; });
}

TEST_F(FleetSimulationTest, ComesBackToNobodyEarlyWhileNobodyDies) {
  RunSeeds(
      60,
      [](FleetOptions& options) {
        options.throttled_share = 0.4;
        options.worker_deaths_every = options.coordinator_deaths_every = 0;
        options.duplication = 0;  // a doubled JOB is done twice; TCP makes none
      },
      [](const FleetOutcome& outcome) { EXPECT_EQ(outcome.early_visits, 0U); });
}

TEST_F(FleetSimulationTest, OneWorkerHasToTakeItsOwnThrottledHostsAgain) {
  RunSeeds(30, [](FleetOptions& options) {
    options.workers = 1;
    options.throttled_share = 0.4;
  });
}

TEST_F(FleetSimulationTest, KnowsTheSameInTheEndAsIfNothingHadHappened) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    FleetOptions options;
    options.seed = seed;
    options.throttled_share = 0.4;
    const FleetOutcome disturbed = RunFleet(options);
    const FleetOutcome undisturbed = RunFleet(Undisturbed(options));
    ASSERT_TRUE(disturbed.finished && undisturbed.finished);
    EXPECT_FALSE(undisturbed.digest.empty());
    EXPECT_EQ(disturbed.digest, undisturbed.digest) << "seed " << seed;
  }
}

TEST_F(FleetSimulationTest, OneWorkerIsEnough) {
  RunSeeds(60, [](FleetOptions& options) { options.workers = 1; });
}

}  // namespace
}  // namespace hark::sim

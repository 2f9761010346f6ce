#include "tests/sim/fleet_simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/log.h"
#include "base/strings.h"

namespace hark::sim {
namespace {

// HARK_SIM_SEEDS=N runs that many instead; HARK_SIM_SEED=S runs that one alone.
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
    uint64_t probes = 0, targets = 0, coordinator_deaths = 0, worker_deaths = 0;
    uint64_t revisits = 0, early = 0;
    double virtual_seconds = 0;
    for (uint64_t seed = first; seed <= last; ++seed) {
      FleetOptions options;
      options.seed = seed;
      tune(options);
      const FleetOutcome outcome = RunFleet(options);
      ASSERT_TRUE(outcome.finished)
          << "HARK_SIM_SEED=" << seed << " did not finish in " << outcome.virtual_seconds
          << " virtual seconds, " << outcome.messages << " messages; "
          << (outcome.broken.empty() ? "nothing is broken" : outcome.broken.front());
      ASSERT_TRUE(outcome.broken.empty())
          << "HARK_SIM_SEED=" << seed << ": " << outcome.broken.front();
      check(outcome);
      ASSERT_FALSE(HasFailure()) << "HARK_SIM_SEED=" << seed;
      revisits += outcome.revisits;
      early += outcome.early_visits;
      probes += outcome.probes;
      targets += options.targets;
      coordinator_deaths += outcome.coordinator_deaths;
      worker_deaths += outcome.worker_deaths;
      virtual_seconds += outcome.virtual_seconds;
    }
    std::printf(
        "%lu histories, %.0f virtual hours, %lu coordinator and %lu worker deaths, "
        "%.1f %% of targets probed again, %lu revisits, %lu of them early\n",
        static_cast<unsigned long>(last - first + 1), virtual_seconds / 3600,
        static_cast<unsigned long>(coordinator_deaths), static_cast<unsigned long>(worker_deaths),
        100.0 * static_cast<double>(probes) / static_cast<double>(targets) - 100,
        static_cast<unsigned long>(revisits), static_cast<unsigned long>(early));
  }
};

TEST_F(FleetSimulationTest, LosesAndDoublesNothingWhateverDies) {
  RunSeeds(400, [](FleetOptions&) {});
}

TEST_F(FleetSimulationTest, ProbesEachTargetOnceWhenNothingGoesWrong) {
  FleetOptions options;
  options.loss = options.duplication = 0;
  options.worker_deaths_every = options.coordinator_deaths_every = options.partitions_every = 0;
  const FleetOutcome outcome = RunFleet(options);
  EXPECT_TRUE(outcome.finished);
  EXPECT_TRUE(outcome.broken.empty());
  EXPECT_EQ(outcome.probes, options.targets);
}

TEST_F(FleetSimulationTest, FinishesWithoutTheOneTargetThatKillsEveryWorker) {
  RunSeeds(20, [](FleetOptions& options) {
    options.targets = 400;
    options.poison = options.seed % options.targets;
    options.loss = options.duplication = 0;
    options.coordinator_deaths_every = options.partitions_every = 0;
    options.worker_deaths_every = 0;
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
    options.loss = options.duplication = 0;
    options.worker_deaths_every = options.coordinator_deaths_every = options.partitions_every = 0;
    const FleetOutcome undisturbed = RunFleet(options);
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

#include "coordinator/dry_run.h"

#include <gtest/gtest.h>

#include <map>

#include "base/permutation.h"

namespace hark {
namespace {

Plan PlanOver(const std::vector<std::string>& prefixes, uint16_t gate = 25) {
  PlanOptions options;
  std::vector<Range> ranges;
  for (const std::string& prefix : prefixes) ranges.push_back(*ParseRange(prefix));
  options.sources = RangeSet(std::move(ranges));
  options.seed = 7;
  options.gate_port = gate;
  return *MakePlan(options);
}

// Every window of the order, counted anew.
uint64_t NaiveBurst(const Plan& plan, uint64_t width) {
  const Permutation order(plan.targets.size(), PermutationKey(plan.run));
  uint64_t most = 0;
  for (uint64_t from = 0; from < plan.targets.size(); ++from) {
    std::map<uint32_t, uint64_t> counts;
    for (uint64_t i = from; i < std::min(from + width, plan.targets.size()); ++i) {
      most = std::max(most, ++counts[plan.targets.At(order.At(i)) >> 8]);
    }
  }
  return most;
}

TEST(DryRunTest, FindsTheLongestBurstOfAnyWindow) {
  const Plan plan = PlanOver({"9.1.0.0/24", "9.1.1.64/26", "9.1.7.0/25", "9.2.0.0/24"});
  for (const double rate : {1.0, 7.0, 20.0, 60.0, 1000.0}) {
    DryRunOptions options;
    options.rate = rate;
    const DryRun out = TryOut(plan, GeoTable(), options);
    EXPECT_EQ(out.burst_1s, NaiveBurst(plan, static_cast<uint64_t>(rate)));
    EXPECT_EQ(out.burst_10s, NaiveBurst(plan, static_cast<uint64_t>(10 * rate)));
    EXPECT_EQ(out.burst_of, plan.targets.size());
  }
}

TEST(DryRunTest, LooksOnlySoFar) {
  DryRunOptions options;
  options.most_looked_at = 100;
  EXPECT_EQ(TryOut(PlanOver({"9.0.0.0/16"}), GeoTable(), options).burst_of, 100U);
}

TEST(DryRunTest, TellsHowTargetsAreSpread) {
  const GeoTable geo = *GeoTable::Parse("9.1.0.0/23,XX,64500\n9.2.0.0/25,XX,64501\n", "geo");
  const DryRun out = TryOut(PlanOver({"9.1.0.0/23", "9.2.0.0/24"}), geo, {});
  EXPECT_EQ(out.ranges, 2U);
  EXPECT_EQ(out.blocks24, 3U);
  EXPECT_EQ(out.blocks16, 2U);
  EXPECT_EQ(out.ases, 2U);
  EXPECT_EQ(out.without_as, 128U);
  ASSERT_EQ(out.top_ases.size(), 2U);
  EXPECT_EQ(out.top_ases[0].name, "AS64500");
  EXPECT_EQ(out.top_ases[0].addresses, 512U);
  EXPECT_EQ(out.top16[1].name, "9.2.0.0/16");
}

TEST(DryRunTest, ReckonsTheSweepAndTheGrab) {
  DryRunOptions options;
  options.rate = 100;
  options.listener_share = 0.1;
  const DryRun gated = TryOut(PlanOver({"9.1.0.0/24"}), GeoTable(), options);
  EXPECT_EQ(ToMillis(gated.sweep), 2560);
  EXPECT_EQ(ToMillis(gated.grab), 2560);  // a tenth of them, seven ports and three keys more
  const DryRun open = TryOut(PlanOver({"9.1.0.0/24"}, 0), GeoTable(), options);
  EXPECT_EQ(ToMillis(open.sweep), 0);
  EXPECT_EQ(ToMillis(open.grab), 25600);
}

}  // namespace
}  // namespace hark

#include "analysis/cluster_sizes.h"

#include <gtest/gtest.h>

#include "analysis/paper_runs_fixture.h"
#include "base/strings.h"

namespace hark {
namespace {

TEST(ClusterSizesTest, ReproduceTheTwelvePublishedRuns) {
  for (const PaperRun& run : kPaperRuns) {
    SCOPED_TRACE(run.name);
    const ClusterSizes sizes = MeasureSizes(ParseSizes(run.sizes));
    EXPECT_EQ(sizes.clusters, run.clusters);
    EXPECT_EQ(sizes.hosts, run.clustered);
    EXPECT_EQ(sizes.largest, run.max);
    EXPECT_DOUBLE_EQ(sizes.paper_median, run.median);
    EXPECT_DOUBLE_EQ(sizes.paper_average, run.average);
    EXPECT_EQ(sizes.median, 2);
  }
}

TEST(ClusterSizesTest, TellTheTrueStatisticsOfNamibia) {
  const ClusterSizes sizes = MeasureSizes(ParseSizes("2*18 3*9 4 5 8"));
  EXPECT_EQ(sizes.median, 2);
  EXPECT_DOUBLE_EQ(sizes.mean, 80.0 / 30.0);
}

TEST(ClusterSizesTest, TakeTheMeanOfTheTwoMiddleSizes) {
  const ClusterSizes sizes = MeasureSizes(ParseSizes("2 3 10 11*3"));
  EXPECT_EQ(sizes.paper_median, 6.5);
  EXPECT_EQ(sizes.median, 10.5);
}

TEST(ClusterSizesTest, AreZeroWithoutClusters) {
  const ClusterSizes sizes = MeasureSizes(std::vector<Cluster>());
  EXPECT_EQ(sizes.clusters, 0U);
  EXPECT_EQ(sizes.paper_median, 0);
  EXPECT_EQ(sizes.mean, 0);
}

}  // namespace
}  // namespace hark

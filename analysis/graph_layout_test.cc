#include "analysis/graph_layout.h"

#include <gtest/gtest.h>

#include <cmath>

#include "analysis/graph_fixture.h"
#include "analysis/graph_forces.h"
#include "analysis/graph_quadtree.h"
#include "base/random.h"
#include "base/strings.h"

namespace hark {
namespace {

ClusterGraph Build(const ClusterDetail& detail) {
  return *BuildClusterGraph("c1", detail);
}

double Distance(const GraphPoint& a, const GraphPoint& b) {
  return std::hypot(a.x - b.x, a.y - b.y);
}

void ExpectInside(const GraphLayout& layout, const ClusterGraph& graph) {
  ASSERT_EQ(layout.at.size(), graph.nodes());
  for (const GraphPoint& point : layout.at) {
    ASSERT_TRUE(point.x > 0 && point.x < layout.width) << point.x;
    ASSERT_TRUE(point.y > 0 && point.y < layout.height) << point.y;
  }
}

// Of hosts; dots of less than twice their radius apart cover each other.
double Nearest(const ClusterGraph& graph, const GraphLayout& layout) {
  double nearest = 1e9;
  for (size_t i = 0; i < graph.hosts.size(); ++i) {
    for (size_t j = i + 1; j < graph.hosts.size(); ++j) {
      nearest = std::min(nearest, Distance(layout.at[i], layout.at[j]));
    }
  }
  return nearest;
}

// Hosts with keys at random, all with a common one.
ClusterDetail Tangle(size_t hosts) {
  Random random(1);
  GraphFixture fixture;
  for (size_t i = 0; i < hosts; ++i) {
    fixture.Host(static_cast<uint32_t>(random.Below(9)),
                 {{25, "all"},
                  {443, StrCat("k", random.Below(hosts / 3))},
                  {22, StrCat("k", random.Below(hosts / 3))}});
  }
  return fixture.Done();
}

TEST(GraphLayoutTest, PutsSmallClustersOnACircle) {
  for (const size_t n : {2u, 3u, 10u, 49u}) {
    GraphFixture fixture;
    const ClusterGraph graph = Build(fixture.Clique(n).Done());
    const GraphLayout layout = LayOut(graph, PlaceByForces);
    ExpectInside(layout, graph);
    EXPECT_EQ(layout.by, "circle");
    EXPECT_GT(Nearest(graph, layout), 4 * kHostRadius) << n;
  }
}

TEST(GraphLayoutTest, DrawsAStarAroundItsKey) {
  GraphFixture fixture;
  const ClusterGraph graph = Build(fixture.Clique(600).Done());
  const GraphLayout layout = LayOut(graph, PlaceByForces);
  ExpectInside(layout, graph);
  EXPECT_GT(Nearest(graph, layout), 1.9 * kHostRadius);
  const GraphPoint& key = layout.at[600];
  EXPECT_NEAR(key.x, layout.width / 2, 20);
  EXPECT_NEAR(key.y, layout.height / 2, 20);
}

TEST(GraphLayoutTest, KeepsDotsApartInATangle) {
  const ClusterGraph graph = Build(Tangle(400));
  ASSERT_EQ(graph.form, GraphForm::kHubs);
  const GraphLayout layout = LayOut(graph, PlaceByForces);
  ExpectInside(layout, graph);
  EXPECT_GT(Nearest(graph, layout), 1.9 * kHostRadius);
}

TEST(GraphLayoutTest, TheSameGraphIsLaidOutTheSame) {
  const ClusterGraph graph = Build(Tangle(300));
  const GraphLayout once = LayOut(graph, PlaceByForces);
  const GraphLayout again = LayOut(graph, PlaceByForces);
  ASSERT_EQ(once.at.size(), again.at.size());
  for (size_t i = 0; i < once.at.size(); ++i) {
    EXPECT_EQ(once.at[i].x, again.at[i].x);
    EXPECT_EQ(once.at[i].y, again.at[i].y);
  }
}

TEST(GraphLayoutTest, HostsWithTheSameKeysLieTogether) {
  GraphFixture fixture;
  for (int i = 0; i < 60; ++i) fixture.Host(1, {{25, "a"}, {443, "b"}});
  for (int i = 0; i < 60; ++i) fixture.Host(1, {{25, "a"}});
  const ClusterGraph graph = Build(fixture.Done());
  size_t bodies = 0;
  const GraphLayout layout = LayOut(graph, [&](const GraphBodies& asked) {
    bodies = asked.radius.size();
    EXPECT_EQ(asked.springs.size(), 2u);
    return PlaceByForces(asked);
  });
  EXPECT_EQ(bodies, 3u) << "two keys and the hosts that show both";
  ExpectInside(layout, graph);
}

TEST(GraphForcesTest, BringsJoinedBodiesNearerThanOthers) {
  GraphBodies path;
  for (uint32_t i = 0; i < 40; ++i) {
    path.radius.push_back(5);
    if (i > 0) path.springs.push_back({i - 1, i});
  }
  const PlacedBodies placed = PlaceByForces(path);
  double joined = 0;
  double apart = 0;
  for (uint32_t i = 0; i < 39; ++i) joined += Distance(placed.at[i], placed.at[i + 1]) / 39;
  for (uint32_t i = 0; i < 20; ++i) apart += Distance(placed.at[i], placed.at[i + 20]) / 20;
  EXPECT_LT(2 * joined, apart);
}

TEST(GraphForcesTest, PlacesBodiesThatNobodyHolds) {
  GraphBodies loose;
  loose.radius.assign(300, 5);
  for (const GraphPoint& point : PlaceByForces(loose).at) {
    EXPECT_TRUE(std::isfinite(point.x) && std::isfinite(point.y));
  }
  EXPECT_TRUE(PlaceByForces({}).at.empty());
}

// 2,000 circles of which every ten are joined.
GraphBodies Groups() {
  GraphBodies bodies;
  for (uint32_t i = 0; i < 2000; ++i) {
    bodies.radius.push_back(5 + i % 7);
    if (i % 10 != 0) bodies.springs.push_back({i - 1, i});
  }
  return bodies;
}

TEST(GraphForcesTest, WithoutTimeLeavesCirclesWhereTheyBeganAndNoneOverAnother) {
  const GraphBodies bodies = Groups();
  int asked = 0;
  const PlacedBodies placed = PlaceByForcesUntil(bodies, [&] {
    ++asked;
    return true;
  });
  EXPECT_EQ(placed.by, kCutShort);
  EXPECT_LE(asked, 2) << "once by the forces, once by who moves circles apart";
  for (size_t i = 0; i < placed.at.size(); ++i) {
    for (size_t j = i + 1; j < placed.at.size(); ++j) {
      ASSERT_GT(Distance(placed.at[i], placed.at[j]), bodies.radius[i] + bodies.radius[j]);
    }
  }
}

TEST(GraphForcesTest, AsksForTimeBeforeEveryRoundAndStopsWhenThereIsNone) {
  const GraphBodies bodies = Groups();
  int left = 5;
  const PlacedBodies placed = PlaceByForcesUntil(bodies, [&] { return left-- <= 0; });
  EXPECT_EQ(placed.by, kCutShort);
  EXPECT_GE(left, -2);
  for (const GraphPoint& point : placed.at) {
    EXPECT_TRUE(std::isfinite(point.x) && std::isfinite(point.y));
  }
  const PlacedBodies all = PlaceByForcesUntil(bodies, [] { return false; });
  EXPECT_EQ(all.by, "hark");
  const PlacedBodies free = PlaceByForces(bodies);
  for (size_t i = 0; i < all.at.size(); ++i) ASSERT_EQ(all.at[i].x, free.at[i].x);
}

TEST(GraphForcesTest, SeparatesBodiesInOnePlace) {
  GraphBodies bodies;
  bodies.radius.assign(30, 10);
  std::vector<GraphPoint> at(30);
  SeparateBodies(bodies, at, 1000);
  for (size_t i = 0; i < at.size(); ++i) {
    for (size_t j = i + 1; j < at.size(); ++j) EXPECT_GT(Distance(at[i], at[j]), 19.9);
  }
}

TEST(GraphQuadtreeTest, CountsEveryPointOnceFromAnywhere) {
  Random random(3);
  std::vector<GraphPoint> points;
  for (int i = 0; i < 500; ++i) points.push_back({random.Unit() * 100, random.Unit() * 100});
  for (int i = 0; i < 50; ++i) points.push_back({50, 50});  // many in one place
  const std::vector<double> weights(points.size(), 2);
  const GraphQuadtree tree(points, weights);
  for (const GraphPoint from : {GraphPoint{50, 50}, GraphPoint{0, 0}, GraphPoint{-1e6, 3}}) {
    double sum = 0;
    size_t visits = 0;
    tree.ForEachFrom(from, [&](const GraphPoint&, double weight) {
      sum += weight;
      ++visits;
    });
    EXPECT_NEAR(sum, 1100, 1e-6);
    EXPECT_LT(visits, points.size());
  }
}

TEST(GraphQuadtreeTest, SumsUpNearlyAsThePointsThemselves) {
  Random random(4);
  std::vector<GraphPoint> points;
  for (int i = 0; i < 400; ++i) points.push_back({random.Unit() * 100, random.Unit() * 100});
  const std::vector<double> weights(points.size(), 1);
  const GraphQuadtree tree(points, weights);
  const GraphPoint from = {150, 40};
  double exact = 0;
  for (const GraphPoint& point : points) exact += 1 / Distance(from, point);
  double summed = 0;
  tree.ForEachFrom(from, [&](const GraphPoint& middle, double weight) {
    summed += weight / Distance(from, middle);
  });
  EXPECT_NEAR(summed / exact, 1, 0.02);
}

}  // namespace
}  // namespace hark

#include "analysis/live_clusters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "analysis/clusters.h"
#include "analysis/fake_run_reader.h"
#include "base/random.h"
#include "base/strings.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Address Host(uint32_t n) {
  return Address::V4(0x0a000000 + n);
}

struct Shown {
  Address address;
  std::vector<KeyId> keys;
};

using Described = std::vector<std::tuple<std::string, std::vector<Address>, std::vector<KeyId>>>;

Described Describe(const LiveClusters& live) {
  Described out;
  for (const LiveCluster& cluster : live.Clusters()) {
    out.emplace_back(cluster.id, cluster.members, cluster.keys);
  }
  return out;
}

// The same of a run in which these were all there was.
Described FoundAtOnce(const std::vector<Shown>& all) {
  FakeRunReader reader;
  for (const Shown& shown : all) {
    reader.AddHost(shown.address);
    proto::PortRow& row = reader.AddPort(shown.address, 443, {});
    std::set<std::string> ids(row.keys().begin(), row.keys().end());
    for (const KeyId& key : shown.keys) ids.emplace(key.bytes());
    *row.mutable_keys() = {ids.begin(), ids.end()};
  }
  const Result<HostTable> hosts = HostTable::Read(reader);
  EXPECT_TRUE(hosts.ok());
  const Result<Clustering> found = FindClusters(reader, *hosts);
  EXPECT_TRUE(found.ok());
  Described out;
  for (const Cluster& cluster : found->clusters) {
    std::vector<Address> members;
    for (const uint32_t host : cluster.members) members.push_back(hosts->address(host));
    out.emplace_back(cluster.id, members, cluster.keys);
  }
  return out;
}

// Some hosts show much, most little; some come twice, with other keys.
std::vector<Shown> RandomGraph(Random& random) {
  const uint32_t hosts = 2 + static_cast<uint32_t>(random.Below(60));
  const uint64_t keys = 1 + random.Below(80);
  std::vector<Shown> out;
  for (uint32_t i = 0; i < hosts + hosts / 4; ++i) {
    Shown shown{Host(static_cast<uint32_t>(random.Below(hosts))), {}};
    for (uint64_t n = random.Below(4); n-- > 0;) {
      shown.keys.push_back(KeyNamed(StrCat("key ", random.Below(keys))));
    }
    out.push_back(std::move(shown));
  }
  return out;
}

void Shuffle(std::vector<Shown>& all, Random& random) {
  for (size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.Below(i)]);
}

TEST(LiveClustersTest, AnyOrderGivesTheClustersFoundAtOnce) {
  constexpr int kGraphs = 1000;
  Random random(6);
  for (int graph = 0; graph < kGraphs; ++graph) {
    std::vector<Shown> all = RandomGraph(random);
    const Described expected = FoundAtOnce(all);
    for (int order = 0; order < 3; ++order) {
      LiveClusters live;
      for (const Shown& shown : all) ASSERT_TRUE(live.Add(shown.address, shown.keys).ok());
      ASSERT_EQ(Describe(live), expected) << "graph " << graph << ", order " << order;
      uint64_t clustered = 0;
      for (const auto& [id, members, keys] : expected) clustered += members.size();
      ASSERT_EQ(live.clusters(), expected.size());
      ASSERT_EQ(live.clustered_hosts(), clustered);
      Shuffle(all, random);
    }
  }
}

TEST(LiveClustersTest, EveryBatchLeavesWhatIsThereSoFar) {
  Random random(7);
  const std::vector<Shown> all = RandomGraph(random);
  LiveClusters live;
  for (size_t n = 0; n < all.size(); ++n) {
    ASSERT_TRUE(live.Add(all[n].address, all[n].keys).ok());
    const std::vector<Shown> so_far(all.begin(), all.begin() + static_cast<ptrdiff_t>(n) + 1);
    ASSERT_EQ(Describe(live), FoundAtOnce(so_far)) << "after " << n + 1;
  }
}

TEST(LiveClustersTest, AHostThatKnowsTwoClustersMakesThemOne) {
  LiveClusters live;
  for (const uint32_t n : {1, 2}) ASSERT_TRUE(live.Add(Host(n), {KeyNamed("a")}).ok());
  for (const uint32_t n : {3, 4}) ASSERT_TRUE(live.Add(Host(n), {KeyNamed("b")}).ok());
  EXPECT_EQ(live.clusters(), 2U);
  EXPECT_FALSE(live.Together(Host(1), Host(3)));
  ASSERT_TRUE(live.Add(Host(5), {KeyNamed("b"), KeyNamed("a")}).ok());
  EXPECT_EQ(live.clusters(), 1U);
  EXPECT_EQ(live.SizeOf(Host(1)), 5U);
  EXPECT_TRUE(live.Together(Host(1), Host(3)));
  EXPECT_THAT(live.Clusters()[0].members, ElementsAre(Host(1), Host(2), Host(3), Host(4), Host(5)));
}

TEST(LiveClustersTest, TheSameAgainChangesNothing) {
  LiveClusters live;
  for (int again = 0; again < 3; ++again) {
    ASSERT_TRUE(live.Add(Host(1), {KeyNamed("a"), KeyNamed("a")}).ok());
  }
  EXPECT_EQ(live.hosts(), 1U);
  EXPECT_EQ(live.keys(), 1U);
  EXPECT_EQ(live.SizeOf(Host(1)), 1U);
  EXPECT_THAT(live.Clusters(), IsEmpty());
}

TEST(LiveClustersTest, AHostWithoutKeysIsNotThere) {
  LiveClusters live;
  ASSERT_TRUE(live.Add(Host(1), {}).ok());
  EXPECT_EQ(live.hosts(), 0U);
  EXPECT_EQ(live.SizeOf(Host(1)), 0U);
  EXPECT_FALSE(live.Together(Host(1), Host(1)));
}

}  // namespace
}  // namespace hark

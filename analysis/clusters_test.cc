#include "analysis/clusters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <queue>

#include "analysis/cluster_id.h"
#include "analysis/fake_run_reader.h"
#include "base/random.h"
#include "base/strings.h"

namespace hark {
namespace {

Address Host(uint32_t n) {
  return Address::V4(0x0a000000 + n);
}

// Clusters as text: "10.0.0.1 10.0.0.2 | 10.0.0.7 10.0.0.9", in their order.
std::string Show(const HostTable& hosts, const Clustering& clustering) {
  std::vector<std::string> clusters;
  for (const Cluster& cluster : clustering.clusters) {
    std::vector<std::string> members;
    for (const uint32_t host : cluster.members) members.push_back(hosts.address(host).ToString());
    clusters.push_back(Join(members, " "));
  }
  return Join(clusters, " | ");
}

// What the reader's run clusters to; fails the test if it cannot be read.
struct Found {
  HostTable hosts;
  Clustering clustering;
};

Found Find(const FakeRunReader& reader) {
  Found found;
  Result<HostTable> hosts = HostTable::Read(reader);
  EXPECT_TRUE(hosts.ok());
  found.hosts = *hosts;
  Result<Clustering> clustering = FindClusters(reader, found.hosts);
  EXPECT_TRUE(clustering.ok()) << clustering.status().message();
  if (clustering.ok()) found.clustering = *clustering;
  return found;
}

TEST(ClustersTest, JoinsTheFiveHostsThatThePublishedAlgorithmSplits) {
  FakeRunReader reader;
  const std::vector<std::string> keys[] = {{"a", "c"}, {"d"}, {"d"}, {"c", "d"}, {"a"}};
  for (uint32_t host = 0; host < 5; ++host) {
    reader.AddHost(Host(host));
    reader.AddPort(Host(host), 443, keys[host]);
  }
  const Found found = Find(reader);
  EXPECT_EQ(Show(found.hosts, found.clustering), "10.0.0.0 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4");
  EXPECT_EQ(found.clustering.clusters[0].keys.size(), 3U);
  EXPECT_EQ(found.clustering.unique_keys, 3U);
}

TEST(ClustersTest, JoinsAKeyUsedForSshOnOneHostAndTlsOnAnother) {
  FakeRunReader reader;
  for (uint32_t host = 1; host <= 3; ++host) reader.AddHost(Host(host), host);
  reader.AddPort(Host(1), 22, {"shared"});
  reader.AddPort(Host(2), 443, {"shared"});
  reader.AddPort(Host(3), 443, {"other"});
  const Found found = Find(reader);
  EXPECT_EQ(Show(found.hosts, found.clustering), "10.0.0.1 10.0.0.2");
  const Cluster& cluster = found.clustering.clusters[0];
  EXPECT_EQ(cluster.asns, (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(cluster.keys, (std::vector<KeyId>{KeyNamed("shared")}));
  EXPECT_EQ(cluster.ssh_hosts, 1U);
  EXPECT_EQ(cluster.ssh_keys, 1U);
}

TEST(ClustersTest, DoesNotClusterAHostWithItself) {
  FakeRunReader reader;
  reader.AddHost(Host(1));
  for (const uint16_t port : {22, 25, 443}) reader.AddPort(Host(1), port, {"own"});
  const Found found = Find(reader);
  EXPECT_TRUE(found.clustering.clusters.empty());
  EXPECT_EQ(found.clustering.unique_keys, 1U);
  EXPECT_EQ(found.clustering.crypto_hosts, 1U);
  EXPECT_EQ(found.clustering.most_reused.host_ports, 3U);
  EXPECT_EQ(found.clustering.most_reused.hosts, 1U);
}

TEST(ClustersTest, LeavesHostsAbroadOutButKeepsHostsOfUnknownCountry) {
  FakeRunReader reader;
  reader.AddHost(Host(1), 1, proto::HostRow::IN);
  reader.AddHost(Host(2), 0, proto::HostRow::UNKNOWN);
  reader.AddHost(Host(3), 2, proto::HostRow::OUT);
  reader.AddHost(Host(4), 1, proto::HostRow::IN);
  reader.AddPort(Host(1), 25, {"x"});
  reader.AddPort(Host(2), 25, {"x"});
  reader.AddPort(Host(3), 25, {"x", "bridge"});
  reader.AddPort(Host(4), 25, {"bridge"});
  const Found found = Find(reader);
  EXPECT_EQ(Show(found.hosts, found.clustering), "10.0.0.1 10.0.0.2");
  EXPECT_EQ(found.clustering.clusters[0].asns, (std::vector<uint32_t>{1}));
  EXPECT_EQ(found.clustering.crypto_hosts, 3U);
  EXPECT_EQ(found.clustering.key_uses, 3U);
}

TEST(ClustersTest, PutsLargeClustersFirstAndThenSmallAddresses) {
  FakeRunReader reader;
  const std::pair<uint32_t, const char*> uses[] = {{9, "b"}, {2, "b"}, {7, "a"}, {1, "a"},
                                                   {5, "c"}, {6, "c"}, {8, "c"}};
  for (const auto& [host, key] : uses) {
    reader.AddHost(Host(host));
    reader.AddPort(Host(host), 443, {key});
  }
  const Found found = Find(reader);
  EXPECT_EQ(Show(found.hosts, found.clustering),
            "10.0.0.5 10.0.0.6 10.0.0.8 | 10.0.0.1 10.0.0.7 | 10.0.0.2 10.0.0.9");
}

TEST(ClustersTest, JoinsIpv4AndIpv6Hosts) {
  FakeRunReader reader;
  const Address v6 = *Address::Parse("2001:db8::1");
  for (const Address& address : {v6, Host(1)}) {
    reader.AddHost(address);
    reader.AddPort(address, 443, {"dual"});
  }
  const Found found = Find(reader);
  EXPECT_EQ(Show(found.hosts, found.clustering), "10.0.0.1 2001:db8::1");
}

TEST(ClustersTest, SaysWhichHostIsMissing) {
  FakeRunReader reader;
  reader.AddHost(Host(1));
  reader.AddPort(Host(2), 443, {"x"});
  const Result<HostTable> hosts = HostTable::Read(reader);
  const Result<Clustering> clustering = FindClusters(reader, *hosts);
  EXPECT_EQ(clustering.status().code(), StatusCode::kCorruption);
  EXPECT_EQ(clustering.status().message(), "a key is stored for 10.0.0.2, the host is not");
}

// A random bipartite graph of hosts and keys, clustered by breadth-first search.
class RandomGraph {
 public:
  RandomGraph(Random& random, uint32_t hosts, uint32_t keys, uint32_t edges) {
    keys_of_.resize(hosts);
    hosts_of_.resize(keys);
    for (uint32_t i = 0; i < edges; ++i) {
      const auto host = static_cast<uint32_t>(random.Below(hosts));
      const auto key = static_cast<uint32_t>(random.Below(keys));
      keys_of_[host].push_back(key);
      hosts_of_[key].push_back(host);
      const uint16_t ports[] = {22, 25, 443};
      edges_.push_back({host, key, ports[random.Below(3)]});
    }
  }

  FakeRunReader Reader() const {
    FakeRunReader reader;
    for (uint32_t host = 0; host < keys_of_.size(); ++host) reader.AddHost(Host(host));
    for (const Edge& edge : edges_) {
      reader.AddPort(Host(edge.host), edge.port, {StrCat("key ", edge.key)});
    }
    return reader;
  }

  // In the order the analysis promises.
  std::vector<std::vector<uint32_t>> Components() const {
    std::vector<bool> seen(keys_of_.size());
    std::vector<std::vector<uint32_t>> out;
    for (uint32_t host = 0; host < keys_of_.size(); ++host) {
      if (seen[host]) continue;
      std::vector<uint32_t> members = Reach(host, seen);
      if (members.size() > 1) out.push_back(std::move(members));
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& a, const auto& b) { return a.size() > b.size(); });
    return out;
  }

 private:
  struct Edge {
    uint32_t host, key;
    uint16_t port;
  };

  std::vector<uint32_t> Reach(uint32_t start, std::vector<bool>& seen) const {
    std::vector<uint32_t> members;
    std::queue<uint32_t> queue({start});
    seen[start] = true;
    for (; !queue.empty(); queue.pop()) {
      members.push_back(queue.front());
      for (const uint32_t key : keys_of_[queue.front()]) {
        for (const uint32_t peer : hosts_of_[key]) {
          if (seen[peer]) continue;
          seen[peer] = true;
          queue.push(peer);
        }
      }
    }
    std::sort(members.begin(), members.end());
    return members;
  }

  std::vector<std::vector<uint32_t>> keys_of_;
  std::vector<std::vector<uint32_t>> hosts_of_;
  std::vector<Edge> edges_;
};

TEST(ClustersTest, AgreesWithBreadthFirstSearchOnRandomGraphs) {
  Random random(20180430);
  for (int round = 0; round < 200; ++round) {
    const auto hosts = static_cast<uint32_t>(2 + random.Below(60));
    const auto keys = static_cast<uint32_t>(1 + random.Below(80));
    const RandomGraph graph(random, hosts, keys,
                            static_cast<uint32_t>(random.Below(uint64_t{2} * hosts)));
    const Found found = Find(graph.Reader());
    std::vector<std::vector<uint32_t>> got;
    for (const Cluster& cluster : found.clustering.clusters) got.push_back(cluster.members);
    ASSERT_EQ(got, graph.Components()) << "round " << round;
  }
}

TEST(ClustersTest, GivesTheSameIdsAndOrderForKeysFoundInAnyOrder) {
  Random random(7);
  const RandomGraph graph(random, 300, 400, 420);
  const FakeRunReader reader = graph.Reader();
  const HostTable hosts = *HostTable::Read(reader);
  std::vector<std::vector<KeyUse>> by_key;
  ASSERT_TRUE(reader
                  .ForEachKeyUse([&](const KeyUse& use) {
                    if (by_key.empty() || by_key.back()[0].key != use.key) by_key.push_back({});
                    by_key.back().push_back(use);
                    return Status::Ok();
                  })
                  .ok());
  const Clustering expected = *FindClusters(reader, hosts);
  ASSERT_GT(expected.clusters.size(), 10U);
  for (int round = 0; round < 20; ++round) {
    for (size_t i = by_key.size(); i > 1; --i) std::swap(by_key[i - 1], by_key[random.Below(i)]);
    ClusterBuilder builder(hosts);
    for (std::vector<KeyUse>& uses : by_key) {
      std::reverse(uses.begin(), uses.end());
      for (const KeyUse& use : uses) builder.Add(use.key, {*hosts.Find(use.address), use.port});
    }
    const Clustering got = std::move(builder).Finish();
    ASSERT_EQ(Show(hosts, got), Show(hosts, expected));
    ASSERT_EQ(got.most_reused.key, expected.most_reused.key);
    for (size_t i = 0; i < got.clusters.size(); ++i) {
      ASSERT_EQ(got.clusters[i].id, expected.clusters[i].id);
      ASSERT_EQ(got.clusters[i].keys, expected.clusters[i].keys);
      ASSERT_EQ(got.clusters[i].ssh_keys, expected.clusters[i].ssh_keys);
    }
  }
}

TEST(ClusterIdTest, IsTheHashOfTheSharedKeys) {
  FakeRunReader reader;
  for (uint32_t host = 1; host <= 2; ++host) {
    reader.AddHost(Host(host));
    reader.AddPort(Host(host), 443, {"shared"});
    reader.AddPort(Host(host), 22, {StrCat("own ", host)});
  }
  const Found found = Find(reader);
  const std::string name = HexEncode(Sha256(KeyNamed("shared").bytes()));
  EXPECT_EQ(found.clustering.clusters[0].id, "c" + name.substr(0, 12));
}

TEST(ClusterIdTest, GrowsWhereTwelveDigitsDoNotTellClustersApart) {
  EXPECT_EQ(ShortIds({"abcdef", "123456", "abcd00", "abce00"}, 2),
            (std::vector<std::string>{"abcde", "12", "abcd0", "abce"}));
  EXPECT_TRUE(ShortIds({}, 12).empty());
}

}  // namespace
}  // namespace hark

#include "analysis/cluster_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "analysis/fake_run_reader.h"
#include "analysis/na_run_fixture.h"
#include "analysis/paper_clusters_fixture.h"
#include "base/strings.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

ClusterProfile ProfileOf(const RunReader& reader) {
  const HostTable hosts = *HostTable::Read(reader);
  const Clustering clustering = *FindClusters(reader, hosts);
  const ClusterDetail detail = *ReadClusterDetail(reader, hosts, clustering, 0);
  return *ReadClusterProfile(reader, hosts, clustering, 0, detail);
}

TEST(ClusterProfileTest, CountsTheLinksOfNamibiasLargestCluster) {
  const ClusterProfile got = ProfileOf(*NaRunFixture::Build());
  EXPECT_EQ(got.keys[0].count.key, KeyNamed("K1"));
  EXPECT_THAT(got.keys[0].hosts_on_port, ElementsAre(Pair(25, 8), Pair(443, 3)));
  // 8 hosts on 25, 3 of them on 443, too: none is linked to itself.
  EXPECT_THAT(got.keys[0].links, ElementsAre(Pair(Pair(25, 25), 28), Pair(Pair(25, 443), 21),
                                             Pair(Pair(443, 443), 3)));
  EXPECT_EQ(got.links.at({443, 443}), 3U + 1 + 1);  // K2 and K3 on two hosts each
  ASSERT_EQ(got.ases.size(), 3U);
  EXPECT_EQ(got.ases[0].hosts, 4U);
  EXPECT_EQ(got.ases[2].hosts, 1U);
}

// "433, 111, 17, 15 and 2 hosts": the split of the second largest Irish cluster.
TEST(ClusterProfileTest, SplitsThePapersCluster665ByAs) {
  constexpr uint64_t kSplit[] = {433, 111, 17, 15, 2};
  FakeRunReader reader;
  PaperClusterBuilder(reader).Add(TableXvi()[1]);
  uint32_t host = 0, asn = 0;
  for (const uint64_t hosts : kSplit) {
    ++asn;
    for (uint64_t i = 0; i < hosts; ++i) reader.AddHost(Address::V4(0x0a000001 + host++), asn);
  }
  const ClusterProfile got = ProfileOf(reader);
  ASSERT_EQ(got.ases.size(), std::size(kSplit));
  for (size_t i = 0; i < got.ases.size(); ++i) EXPECT_EQ(got.ases[i].hosts, kSplit[i]);
}

// How often the keys of small clusters occur, as far as the text says it.
TEST(ClusterProfileTest, CountsTheUsesOfKeysThatThePaperNames) {
  const std::map<std::string_view, std::vector<uint64_t>> named = {
      {"333", WithSingles({47, 26, 15, 10, 5, 2}, 30)},
      {"177", {78, 26, 24}},
      {"194", WithSingles({88, 21}, 12)},
      {"227", {19, 1}},
      {"462", {15, 1}},
      {"1227", WithSingles({5, 2}, 6)}};
  for (const PaperCluster& row : TableXvi()) {
    const auto at = named.find(row.name);
    if (at == named.end()) continue;
    FakeRunReader reader;
    PaperClusterBuilder(reader).Add(row);
    std::vector<uint64_t> uses;
    for (const KeyProfile& key : ProfileOf(reader).keys) uses.push_back(key.count.host_ports);
    EXPECT_EQ(uses, at->second) << row.name;
  }
}

// Against every pair of places, one by one.
TEST(ClusterProfileTest, CountsLinksAsOneByOne) {
  FakeRunReader reader;
  const uint16_t kPorts[] = {22, 25, 443};
  uint32_t random = 7;
  std::vector<std::tuple<uint32_t, uint16_t, std::string>> places;
  for (uint32_t host = 1; host <= 12; ++host) {
    reader.AddHost(Address::V4(host));
    for (const uint16_t port : kPorts) {
      random = random * 1664525 + 1013904223;
      const std::string key = StrCat("k", (random >> 20) % 2);
      reader.AddPort(Address::V4(host), port, {key});
      places.emplace_back(host, port, key);
    }
  }
  PortPairLinks want;
  for (size_t i = 0; i < places.size(); ++i) {
    for (size_t j = i + 1; j < places.size(); ++j) {
      const auto& [host, port, key] = places[i];
      const auto& [other_host, other_port, other_key] = places[j];
      if (host == other_host || key != other_key) continue;
      ++want[std::minmax({port, other_port})];
    }
  }
  EXPECT_EQ(ProfileOf(reader).links, want);
}

TEST(ClusterProfileTest, NamesMembersByGreetingAndTarget) {
  FakeRunReader reader;
  for (uint32_t host = 1; host <= 3; ++host) {
    reader.AddHost(Address::V4(host)).add_names("www.site.net");
    reader.AddPort(Address::V4(host), 25, {"k"})
        .mutable_observation()
        ->set_greeting(host == 3 ? "220 other.net x\r\n" : "220 MX.site.net x\r\n");
  }
  const ClusterProfile got = ProfileOf(reader);
  std::vector<std::string> names;
  for (const NameCount& name : got.names) {
    names.push_back(StrCat(name.name, " ", name.source, " ", name.hosts));
  }
  EXPECT_THAT(names, ElementsAre("www.site.net target 3", "mx.site.net greeting 2",
                                 "other.net greeting 1"));
  EXPECT_EQ(got.names_left_out, 0U);
}

TEST(ClusterProfileTest, LeavesOutNamesBeyondItsLimit) {
  FakeRunReader reader;
  for (uint32_t host = 1; host <= 2; ++host) {
    proto::HostRow& row = reader.AddHost(Address::V4(host));
    for (size_t i = 0; i < kNamesKept; ++i) row.add_names(StrCat("n", i, ".host", host, ".net"));
    reader.AddPort(Address::V4(host), 25, {"k"});
  }
  const ClusterProfile got = ProfileOf(reader);
  EXPECT_EQ(got.names.size(), kNamesKept);
  EXPECT_EQ(got.names_left_out, kNamesKept);
}

TEST(ClusterProfileTest, TakesOneClusterOutOfARun) {
  const auto reader = NaRunFixture::Build();
  const HostTable hosts = *HostTable::Read(*reader);
  const Clustering all = *FindClusters(*reader, hosts);
  const Clustering one = OnlyCluster(all, 2);
  ASSERT_EQ(one.clusters.size(), 1U);
  EXPECT_EQ(one.clusters[0].id, all.clusters[2].id);
  EXPECT_EQ(std::count(one.cluster_of.begin(), one.cluster_of.end(), 0U), 4);
}

}  // namespace
}  // namespace hark

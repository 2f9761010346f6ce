// The paper's Tables XVIII to XX: clusters of several runs that share a key, a column a cluster and
// a total. The published total adds columns up; the distinct one is ours.

#include <gtest/gtest.h>

#include <memory>

#include "analysis/cluster_union.h"
#include "analysis/paper_clusters_fixture.h"

namespace hark {
namespace {

class SuperCluster {
 public:
  // Each in a run of its own; AS numbers 1, 2 ... mean the same in all of them.
  void Add(const PaperCluster& cluster, const std::string& link) {
    FakeRunReader reader;
    PaperClusterBuilder builder(reader, next_address_);
    builder.Add(cluster, link);
    next_address_ += 10000;
    AddRun(reader, builder.Judge());
  }

  void AddRun(const FakeRunReader& reader, const LeafJudge& judge) {
    const HostTable hosts = *HostTable::Read(reader);
    const Clustering clustering = *FindClusters(reader, hosts);
    ASSERT_EQ(clustering.clusters.size(), 1U);
    judge_of_run_ = judge;
    ASSERT_TRUE(all_.Add(reader, hosts, clustering, {0}).ok());
  }

  const ClusterUnion& all() const { return all_; }
  StatsTotals Totals() const { return all_.Totals(); }

 private:
  uint32_t next_address_ = 0x0a000001;
  LeafJudge judge_of_run_;
  const LeafJudge judge_ = [this](std::string_view leaf) {
    return judge_of_run_ ? judge_of_run_(leaf) : std::nullopt;
  };
  ClusterUnion all_{judge_};
};

TEST(TableEighteenTest, AddsUpTheTenClustersOfScna14) {
  const PaperCluster kClusters[] = {
      {"EE164", 4, 2, 4, 0, 0, 4, 1, 0, 0, 4},     {"NA14", 8, 3, 16, 0, 0, 16, 4, 0, 0, 11},
      {"IE464", 4, 3, 9, 1, 1, 8, 1, 0, 0, 8},     {"FI424", 5, 4, 6, 0, 0, 6, 1, 0, 0, 6},
      {"SG139", 22, 8, 49, 3, 3, 46, 2, 0, 0, 45}, {"SI485", 3, 1, 7, 0, 0, 7, 4, 0, 0, 3},
      {"UY87", 7, 3, 14, 0, 0, 14, 5, 2, 1, 8},    {"LU112", 4, 4, 5, 0, 0, 5, 1, 0, 0, 5},
      {"PT6", 17, 4, 42, 1, 1, 41, 10, 7, 2, 24},  {"NZ412", 6, 6, 10, 0, 0, 10, 4, 2, 0, 7}};
  SuperCluster scna14;
  for (const PaperCluster& cluster : kClusters) scna14.Add(cluster, "the one key");
  ASSERT_EQ(scna14.all().rows().size(), 10U);
  for (size_t i = 0; i < 10; ++i) {
    const ClusterStats& got = scna14.all().rows()[i];
    const PaperCluster& want = kClusters[i];
    SCOPED_TRACE(want.name);
    EXPECT_EQ(got.hosts, want.hosts);
    EXPECT_EQ(got.ases, want.ases);
    EXPECT_EQ(got.host_ports, want.host_ports);
    EXPECT_EQ(got.ssh_ports, want.ssh_ports);
    EXPECT_EQ(got.ssh_keys, want.ssh_keys);
    EXPECT_EQ(got.tls_ports, want.tls_ports);
    EXPECT_EQ(got.tls_keys, want.tls_keys);
    EXPECT_EQ(got.trusted, want.trusted);
    EXPECT_EQ(got.wildcard, want.wildcard);
    EXPECT_EQ(got.most_reused.host_ports, want.most);
  }
  const ClusterStats sum = scna14.Totals().sum;
  EXPECT_EQ(sum.hosts, 80U);
  EXPECT_EQ(sum.ases, 38U);
  EXPECT_EQ(sum.host_ports, 162U);
  EXPECT_EQ(sum.ssh_ports, 5U);
  EXPECT_EQ(sum.ssh_keys, 5U);
  EXPECT_EQ(sum.tls_ports, 157U);
  EXPECT_EQ(sum.tls_keys, 33U);
  EXPECT_EQ(sum.trusted, 11U);
  EXPECT_EQ(sum.wildcard, 3U);
  const ClusterStats distinct = scna14.Totals().distinct;
  EXPECT_EQ(distinct.hosts, 80U);
  EXPECT_EQ(distinct.ases, 8U);
  EXPECT_EQ(distinct.tls_keys, 24U);  // the linking key once instead of ten times
  EXPECT_EQ(distinct.most_reused.host_ports, 4U + 11 + 8 + 6 + 45 + 3 + 8 + 5 + 24 + 7);
  EXPECT_EQ(distinct.most_reused.key, KeyNamed("the one key"));
}

TEST(TableNineteenTest, AddsUpScsg867WhoseLinkIsNotItsMostUsedKey) {
  FakeRunReader lu, sg;
  const auto host = [](uint32_t n) { return Address::V4(0x0a000000 + n); };
  LeafJudge judge = [](std::string_view leaf) {
    return LeafVerdict{leaf == Sha256("trusted"), false};
  };
  for (const uint32_t n : {1, 2}) {
    lu.AddHost(host(n), 1);
    lu.AddPort(host(n), 22, {"lu ssh"});
  }
  const auto tls = [&](FakeRunReader& run, uint32_t n, uint16_t port, const std::string& key,
                       const std::string& leaf) {
    run.AddPort(host(n), port, {key})
        .mutable_observation()
        ->mutable_tls()
        ->add_chain_sha256(Sha256(leaf));
  };
  tls(lu, 1, 25, "link", "self-signed");
  for (const uint16_t port : {443, 587, 993, 143}) tls(lu, 1, port, "lu most", "trusted");
  tls(lu, 2, 443, "lu a", "trusted");
  tls(lu, 2, 993, "lu b", "trusted");
  for (const uint32_t n : {11, 12, 13}) {
    sg.AddHost(host(n), n == 13 ? 3 : 2);
    tls(sg, n, 25, "link", "self-signed");
    tls(sg, n, 443, "sg web", "self-signed");
  }
  tls(sg, 11, 587, "link", "self-signed");
  sg.AddPort(host(11), 22, {"sg ssh a"});
  sg.AddPort(host(12), 22, {"sg ssh b"});

  SuperCluster scsg867;
  scsg867.AddRun(lu, judge);
  scsg867.AddRun(sg, judge);
  const ClusterStats& lu352 = scsg867.all().rows()[0];
  EXPECT_EQ(lu352.hosts, 2U);
  EXPECT_EQ(lu352.ases, 1U);
  EXPECT_EQ(lu352.host_ports, 9U);
  EXPECT_EQ(lu352.ssh_ports, 2U);
  EXPECT_EQ(lu352.ssh_keys, 1U);
  EXPECT_EQ(lu352.tls_ports, 7U);
  EXPECT_EQ(lu352.tls_keys, 4U);
  EXPECT_EQ(lu352.trusted, 6U);
  EXPECT_EQ(lu352.most_reused.host_ports, 4U);
  const ClusterStats& sg867 = scsg867.all().rows()[1];
  EXPECT_EQ(sg867.hosts, 3U);
  EXPECT_EQ(sg867.ases, 2U);
  EXPECT_EQ(sg867.host_ports, 9U);
  EXPECT_EQ(sg867.ssh_ports, 2U);
  EXPECT_EQ(sg867.ssh_keys, 2U);
  EXPECT_EQ(sg867.tls_ports, 7U);
  EXPECT_EQ(sg867.tls_keys, 2U);
  EXPECT_EQ(sg867.trusted, 0U);
  EXPECT_EQ(sg867.most_reused.host_ports, 4U);
  const StatsTotals totals = scsg867.Totals();
  EXPECT_EQ(totals.sum.hosts, 5U);
  EXPECT_EQ(totals.sum.ases, 3U);
  EXPECT_EQ(totals.sum.host_ports, 18U);
  EXPECT_EQ(totals.sum.ssh_keys, 3U);
  EXPECT_EQ(totals.sum.tls_ports, 14U);
  EXPECT_EQ(totals.sum.tls_keys, 6U);
  EXPECT_EQ(totals.sum.trusted, 6U);
  EXPECT_EQ(totals.distinct.tls_keys, 5U);
  EXPECT_EQ(totals.distinct.most_reused.key, KeyNamed("link"));
  EXPECT_EQ(totals.distinct.most_reused.hosts, 4U);
}

TEST(TableTwentyTest, CountsTheOneSshKeyOfScpt151OnceWhereThePaperHasThree) {
  SuperCluster scpt151;
  // The SSH key links; in PT and IE the most used key is of TLS.
  const auto add = [&](const PaperCluster& cluster, uint32_t first_address) {
    FakeRunReader reader;
    PaperClusterBuilder builder(reader, first_address);
    builder.Add(cluster, cluster.tls_ports == 0 ? "the one key" : "");
    // The same key on the same hosts under the link's name.
    for (uint64_t i = 0; i < cluster.ssh_ports; ++i) {
      const Address host = Address::V4(first_address + static_cast<uint32_t>(i));
      reader.AddPort(host, 22, {}).clear_keys();
      reader.AddPort(host, 22, {"the one key"});
    }
    scpt151.AddRun(reader, builder.Judge());
  };
  add({"PT151", 8, 2, 49, 4, 1, 45, 4, 22, 14, 42}, 0x0a000001);
  add({"EE291", 2, 2, 4, 2, 1, 2, 1, 0, 0, 2}, 0x0a001001);
  add({"IE254", 11, 2, 42, 11, 1, 31, 14, 11, 0, 11}, 0x0a002001);
  EXPECT_EQ(scpt151.all().rows()[0].most_reused.host_ports, 42U);
  EXPECT_EQ(scpt151.all().rows()[0].wildcard, 14U);
  EXPECT_EQ(scpt151.all().rows()[1].most_reused.host_ports, 2U);
  EXPECT_EQ(scpt151.all().rows()[2].most_reused.host_ports, 11U);
  EXPECT_EQ(scpt151.all().rows()[2].tls_keys, 14U);
  const StatsTotals totals = scpt151.Totals();
  EXPECT_EQ(totals.sum.hosts, 21U);
  EXPECT_EQ(totals.sum.ases, 6U);
  EXPECT_EQ(totals.sum.host_ports, 95U);
  EXPECT_EQ(totals.sum.ssh_ports, 17U);
  EXPECT_EQ(totals.sum.ssh_keys, 3U);
  EXPECT_EQ(totals.sum.tls_ports, 78U);
  EXPECT_EQ(totals.sum.tls_keys, 19U);
  EXPECT_EQ(totals.sum.trusted, 33U);
  EXPECT_EQ(totals.sum.wildcard, 14U);
  EXPECT_EQ(totals.distinct.ssh_keys, 1U);
  EXPECT_EQ(totals.distinct.tls_keys, 19U);
}

}  // namespace
}  // namespace hark

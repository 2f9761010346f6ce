#include "analysis/cluster_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/cluster_union.h"
#include "analysis/na_run_fixture.h"
#include "analysis/paper_clusters_fixture.h"

namespace hark {
namespace {

struct Analysed {
  HostTable hosts;
  Clustering clustering;
  std::vector<ClusterStats> stats;
};

Analysed Analyse(const RunReader& reader, const LeafJudge& judge = {}) {
  Analysed out;
  out.hosts = *HostTable::Read(reader);
  out.clustering = *FindClusters(reader, out.hosts);
  Result<std::vector<ClusterStats>> stats =
      ReadClusterStats(reader, out.hosts, out.clustering, judge);
  EXPECT_TRUE(stats.ok()) << stats.status().message();
  out.stats = std::move(*stats);
  return out;
}

void ExpectRow(const ClusterStats& got, const PaperCluster& want) {
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
  // What must hold for every cluster (surveyed or not).
  EXPECT_EQ(got.host_ports, got.ssh_ports + got.tls_ports);
  EXPECT_LE(got.ssh_ports, got.hosts);
  EXPECT_LE(got.tls_ports, 6 * got.hosts);
  EXPECT_LE(got.wildcard, got.trusted);
  EXPECT_LE(got.trusted, got.tls_ports);
  EXPECT_LE(got.most_reused.host_ports, got.host_ports);
}

class TableSixteenTest : public ::testing::TestWithParam<PaperCluster> {};

TEST_P(TableSixteenTest, GivesThePublishedRow) {
  FakeRunReader reader;
  PaperClusterBuilder builder(reader);
  builder.Add(GetParam());
  const Analysed got = Analyse(reader, builder.Judge());
  ASSERT_EQ(got.stats.size(), 1U) << "the members hold together";
  ExpectRow(got.stats[0], GetParam());
}

TEST_P(TableSixteenTest, IsTheSameCountedWithSets) {
  FakeRunReader reader;
  PaperClusterBuilder builder(reader);
  builder.Add(GetParam());
  const LeafJudge judge = builder.Judge();
  const Analysed got = Analyse(reader, judge);
  ClusterUnion all(judge);
  ASSERT_TRUE(all.Add(reader, got.hosts, got.clustering, {0}).ok());
  ExpectRow(all.rows()[0], GetParam());
  ExpectRow(all.Totals().distinct, GetParam());
  EXPECT_EQ(all.rows()[0].keys, got.stats[0].keys);
  EXPECT_EQ(all.rows()[0].shared_keys, got.stats[0].shared_keys);
  EXPECT_EQ(all.rows()[0].key_uses, got.stats[0].key_uses);
  EXPECT_EQ(all.rows()[0].trusted_certs, got.stats[0].trusted_certs);
  EXPECT_EQ(all.rows()[0].wildcard_certs, got.stats[0].wildcard_certs);
  EXPECT_EQ(all.rows()[0].first_seen_unix_ms, got.stats[0].first_seen_unix_ms);
  EXPECT_EQ(all.rows()[0].last_seen_unix_ms, got.stats[0].last_seen_unix_ms);
}

INSTANTIATE_TEST_SUITE_P(Cluster, TableSixteenTest, ::testing::ValuesIn(TableXvi()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(TableSixteenRunTest, KeepsClustersOfOneRunApartAndAddsThemUp) {
  FakeRunReader reader;
  PaperClusterBuilder builder(reader);
  for (const PaperCluster& row : TableXvi()) builder.Add(row);
  const Analysed got = Analyse(reader, builder.Judge());
  ASSERT_EQ(got.stats.size(), TableXvi().size());
  std::map<uint64_t, uint64_t> hosts_of_size;
  ClusterStats want;
  for (const PaperCluster& row : TableXvi()) {
    want.hosts += row.hosts;
    want.ases += row.ases;
    want.host_ports += row.host_ports;
    want.tls_keys += row.tls_keys;
    want.trusted += row.trusted;
  }
  const StatsTotals totals = TotalOfRun(got.clustering, got.stats);
  EXPECT_EQ(totals.sum.hosts, want.hosts);
  EXPECT_EQ(totals.sum.ases, want.ases);
  EXPECT_EQ(totals.sum.host_ports, want.host_ports);
  EXPECT_EQ(totals.sum.tls_keys, want.tls_keys);
  EXPECT_EQ(totals.sum.trusted, want.trusted);
  EXPECT_EQ(totals.sum.most_reused.host_ports, 1991U);
  EXPECT_EQ(totals.distinct.ases, 10U);  // AS 1 to 10, shared by the clusters
  EXPECT_EQ(totals.distinct.hosts, want.hosts);
  EXPECT_EQ(totals.distinct.tls_keys, want.tls_keys);
}

TEST(ClusterStatsTest, GivesTheLargestClusterOfNamibia) {
  const Analysed got = Analyse(*NaRunFixture::Build());
  const ClusterStats& na14 = got.stats[0];
  EXPECT_EQ(na14.hosts, 8U);
  EXPECT_EQ(na14.ases, 3U);
  EXPECT_EQ(na14.host_ports, 16U);
  EXPECT_EQ(na14.tls_keys, 4U);
  EXPECT_EQ(na14.most_reused.host_ports, 11U);
  EXPECT_EQ(na14.shared_keys, 3U);
  EXPECT_FALSE(na14.judged);
  EXPECT_EQ(TotalOfRun(got.clustering, got.stats).sum.hosts, 80U);
}

// One host shows a key of an SSH server on a TLS port, and SSH servers have several keys: what the
// paper could not see.
TEST(ClusterStatsTest, CountsSeveralKeysOfAPortAndAKeyOfBothKindsOnce) {
  FakeRunReader reader;
  reader.AddHost(Address::V4(1), 0);
  reader.AddHost(Address::V4(2), 7);
  reader.AddPort(Address::V4(1), 22, {"rsa", "ed25519"});
  reader.AddPort(Address::V4(2), 22, {"rsa", "ed25519"});
  reader.AddPort(Address::V4(2), 443, {"rsa"});
  const ClusterStats got = Analyse(reader).stats[0];
  EXPECT_EQ(got.host_ports, 3U);
  EXPECT_EQ(got.key_uses, 5U);
  EXPECT_EQ(got.keys, 2U);
  EXPECT_EQ(got.ssh_keys, 2U);
  EXPECT_EQ(got.tls_keys, 1U);
  EXPECT_EQ(got.ases, 1U);
  EXPECT_EQ(got.hosts_of_unknown_as, 1U);
  EXPECT_EQ(got.paper_ases(), 2U);
}

TEST(ClusterStatsTest, SaysWhenMembersWereFirstAndLastVisited) {
  FakeRunReader reader;
  reader.AddHost(Address::V4(1)).set_started_unix_ms(5000);
  proto::HostRow& late = reader.AddHost(Address::V4(2));
  late.set_started_unix_ms(2000);
  late.set_duration_ms(100);
  late.set_last_visit_unix_ms(9000);
  reader.AddHost(Address::V4(3)).set_started_unix_ms(1);  // in no cluster
  for (const uint32_t host : {1, 2}) reader.AddPort(Address::V4(host), 443, {"k"});
  const ClusterStats got = Analyse(reader).stats[0];
  EXPECT_EQ(got.first_seen_unix_ms, 2000);
  EXPECT_EQ(got.last_seen_unix_ms, 9000);
}

TEST(ClusterStatsTest, AsksTheJudgeOnceACertificate) {
  FakeRunReader reader;
  int asked = 0;
  for (uint32_t host = 1; host <= 3; ++host) {
    reader.AddHost(Address::V4(host));
    proto::PortRow& row = reader.AddPort(Address::V4(host), 443, {"k"});
    row.mutable_observation()->mutable_tls()->add_chain_sha256(Sha256("leaf"));
  }
  const Analysed got = Analyse(reader, [&](std::string_view leaf) {
    EXPECT_EQ(leaf, Sha256("leaf"));
    ++asked;
    return LeafVerdict{true, false};
  });
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(got.stats[0].trusted, 3U);
  EXPECT_EQ(got.stats[0].trusted_certs, 1U);
  EXPECT_EQ(got.stats[0].wildcard, 0U);
}

}  // namespace
}  // namespace hark

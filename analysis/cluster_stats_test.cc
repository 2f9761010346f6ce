#include "analysis/cluster_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/facts_fixture.h"
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

TEST(ClusterStatsTest, CountsACertificateOfSeveralPortsOnce) {
  FakeRunReader reader;
  for (uint32_t host = 1; host <= 3; ++host) {
    reader.AddHost(Address::V4(host));
    proto::PortRow& row = reader.AddPort(Address::V4(host), 443, {"k"});
    row.mutable_observation()->mutable_tls()->add_chain_sha256(Sha256("leaf"));
  }
  const Analysed got = Analyse(reader, [&](uint32_t, const proto::PortRow&) {
    return LeafVerdict{true, false};
  });
  EXPECT_EQ(got.stats[0].trusted, 3U);
  EXPECT_EQ(got.stats[0].trusted_certs, 1U);
  EXPECT_EQ(got.stats[0].wildcard, 0U);
}

TEST(ClusterStatsTest, AJudgeThatFailsEndsIt) {
  FakeRunReader reader;
  for (const uint32_t host : {1, 2}) {
    reader.AddHost(Address::V4(host));
    reader.AddPort(Address::V4(host), 443, {"k"})
        .mutable_observation()
        ->mutable_tls()
        ->add_chain_sha256(Sha256("leaf"));
  }
  const HostTable hosts = *HostTable::Read(reader);
  const auto stats = ReadClusterStats(
      reader, hosts, *FindClusters(reader, hosts),
      [](uint32_t, const proto::PortRow&) -> Result<LeafVerdict> { return Corruption("gone"); });
  EXPECT_EQ(stats.status().message(), "gone");
}

// Real certificates, and a browser's verdict on them.
class BrowserJudgeTest : public ::testing::Test {
 protected:
  ClusterStats Stats() {
    const HostTable hosts = *HostTable::Read(run_.reader());
    const Clustering clustering = *FindClusters(run_.reader(), hosts);
    BrowserJudge judge(run_.reader(), hosts, run_.options());
    EXPECT_TRUE(judge.ReadAhead([](uint32_t) { return true; }).ok());
    const auto stats = ReadClusterStats(run_.reader(), hosts, clustering, judge.AsJudge());
    EXPECT_TRUE(stats.ok()) << stats.status().message();
    return stats.ok() && !stats->empty() ? (*stats)[0] : ClusterStats();
  }

  // A cluster of two, by its SSH key.
  void SetUp() override {
    for (const uint32_t host : {1, 2}) {
      run_.AddHost(host);
      run_.reader().AddPort(FactsFixture::HostAt(host), 22, {"ssh"});
    }
  }

  FactsFixture run_;
};

TEST_F(BrowserJudgeTest, CountsWhatABrowserTrustsAndWhichOfItHasAWildcard) {
  run_.Show(1, 443, run_.root().Issue({{"www.example"}}));
  run_.Show(1, 993, TestCa::SelfSigned({{"mail.example"}}));
  const TestCertificate wildcard = run_.middle().Issue({{"*.example"}});
  run_.Show(2, 443, wildcard, {run_.middle().certificate()});
  run_.Show(2, 993, wildcard, {run_.middle().certificate()});
  run_.Show(2, 587, wildcard);  // without its issuer there is no chain
  const ClusterStats got = Stats();
  EXPECT_TRUE(got.judged);
  EXPECT_EQ(got.tls_ports, 5U);
  EXPECT_EQ(got.trusted, 3U);
  EXPECT_EQ(got.wildcard, 2U);
  EXPECT_EQ(got.trusted_certs, 2U);
  EXPECT_EQ(got.wildcard_certs, 1U);
}

TEST_F(BrowserJudgeTest, JudgesAtTheTimeOfTheGrabOrAtTheOneAskedFor) {
  run_.Show(1, 443, run_.root().Issue({{"a.example"}, 1'500'000'000, 1'700'000'000}));
  EXPECT_EQ(Stats().trusted, 1U);
  run_.options().at_unix = 1'700'000'001;
  EXPECT_EQ(Stats().trusted, 0U);
  run_.options().at_unix = 1'700'000'000;
  EXPECT_EQ(Stats().trusted, 1U);
}

TEST_F(BrowserJudgeTest, IsNobodyWithoutATrustStore) {
  run_.Show(1, 443, run_.root().Issue({{"a.example"}}));
  run_.options().trust = nullptr;
  const ClusterStats got = Stats();
  EXPECT_FALSE(got.judged);
  EXPECT_EQ(got.trusted, 0U);
}

TEST_F(BrowserJudgeTest, DoesNotCountTheCertificateOfAKeyThatIsNotCounted) {
  run_.Show(1, 443, run_.root().Issue({{"a.example"}}));
  proto::PortRow& row = run_.reader().AddPort(FactsFixture::HostAt(1), 443, {});
  row.clear_keys();
  row.add_keys(std::string(KeyNamed("another").bytes()));
  EXPECT_EQ(Stats().trusted, 0U);
}

// The report and the statistics must not tell different numbers.
TEST_F(BrowserJudgeTest, TrustsWhatTheReportTrusts) {
  run_.Show(1, 443, run_.root().Issue({{"a.example"}}));
  run_.Show(1, 993, run_.root().Issue({{"b.example"}, 1'400'000'000, 1'500'000'000}));
  run_.Show(2, 443, TestCa::SelfSigned({{"c.example"}}));
  EXPECT_EQ(Stats().trusted,
            run_.Read().classes.Of(true, CertVoucher::kTrusted).clustered_host_ports);
}

}  // namespace
}  // namespace hark

// The paper's Tables XVIII to XX: clusters of several runs that share a key, a column a cluster and
// a total. The published total adds columns up; the distinct one is ours.

#include <gtest/gtest.h>

#include <memory>

#include "analysis/paper_clusters_fixture.h"
#include "analysis/super_clusters.h"

namespace hark {
namespace {

// Runs of one cluster each that are one super-cluster.
class SuperClusterOfRuns {
 public:
  // AS numbers 1, 2 ... mean the same in all runs.
  void Add(const PaperCluster& cluster, const std::string& link) {
    auto reader = std::make_unique<FakeRunReader>();
    PaperClusterBuilder builder(*reader, next_address_);
    builder.Add(cluster, link);
    next_address_ += 10000;
    AddRun(std::move(reader), builder.Judge());
  }

  void AddRun(std::unique_ptr<FakeRunReader> reader, const LeafJudge& judge) {
    reader->mutable_run().set_name(StrCat("run ", readers_.size()));
    readers_.push_back(std::move(reader));
    judges_.push_back(judge);
  }

  // Once all runs are there.
  const SuperCluster& Find() {
    std::vector<const ComparedRun*> runs;
    for (const auto& reader : readers_) compared_.push_back(*ReadComparedRun(*reader));
    for (const ComparedRun& run : compared_) runs.push_back(&run);
    const CrossLinks links = *FindCrossLinks(runs, false);
    Result<SuperClusters> found = FindSuperClusters(runs, links, judges_);
    EXPECT_TRUE(found.ok()) << found.status().message();
    EXPECT_EQ(found->clusters.size(), 1U);
    found_ = found->clusters[0];
    return found_;
  }

 private:
  uint32_t next_address_ = 0x0a000001;
  std::vector<std::unique_ptr<FakeRunReader>> readers_;
  std::vector<ComparedRun> compared_;
  std::vector<LeafJudge> judges_;
  SuperCluster found_;
};

TEST(TableEighteenTest, AddsUpTheTenClustersOfScna14) {
  const PaperCluster kClusters[] = {
      {"EE164", 4, 2, 4, 0, 0, 4, 1, 0, 0, 4},     {"NA14", 8, 3, 16, 0, 0, 16, 4, 0, 0, 11},
      {"IE464", 4, 3, 9, 1, 1, 8, 1, 0, 0, 8},     {"FI424", 5, 4, 6, 0, 0, 6, 1, 0, 0, 6},
      {"SG139", 22, 8, 49, 3, 3, 46, 2, 0, 0, 45}, {"SI485", 3, 1, 7, 0, 0, 7, 4, 0, 0, 3},
      {"UY87", 7, 3, 14, 0, 0, 14, 5, 2, 1, 8},    {"LU112", 4, 4, 5, 0, 0, 5, 1, 0, 0, 5},
      {"PT6", 17, 4, 42, 1, 1, 41, 10, 7, 2, 24},  {"NZ412", 6, 6, 10, 0, 0, 10, 4, 2, 0, 7}};
  SuperClusterOfRuns runs;
  for (const PaperCluster& cluster : kClusters) runs.Add(cluster, "the one key");
  const SuperCluster& scna14 = runs.Find();
  ASSERT_EQ(scna14.members.size(), 10U);
  for (size_t i = 0; i < 10; ++i) {
    const ClusterStats& got = scna14.members[i];
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
  const ClusterStats sum = scna14.sum;
  EXPECT_EQ(sum.hosts, 80U);
  EXPECT_EQ(sum.ases, 38U);
  EXPECT_EQ(sum.host_ports, 162U);
  EXPECT_EQ(sum.ssh_ports, 5U);
  EXPECT_EQ(sum.ssh_keys, 5U);
  EXPECT_EQ(sum.tls_ports, 157U);
  EXPECT_EQ(sum.tls_keys, 33U);
  EXPECT_EQ(sum.trusted, 11U);
  EXPECT_EQ(sum.wildcard, 3U);
  const ClusterStats distinct = scna14.distinct;
  EXPECT_EQ(distinct.hosts, 80U);
  EXPECT_EQ(distinct.ases, 8U);
  EXPECT_EQ(distinct.tls_keys, 24U);  // the linking key once instead of ten times
  EXPECT_EQ(distinct.most_reused.host_ports, 4U + 11 + 8 + 6 + 45 + 3 + 8 + 5 + 24 + 7);
  EXPECT_EQ(distinct.most_reused.key, KeyNamed("the one key"));
}

// The paper's example of the smallest kind of link: one wildcard certificate's key on both sides.
TEST(SuperClusterExampleTest, Scsg84IsTwoHostsOfEachSideWithOneWildcardKey) {
  SuperClusterOfRuns runs;
  runs.Add({"IE84", 2, 1, 2, 0, 0, 2, 1, 2, 2, 2}, "the wildcard key");
  runs.Add({"SG84", 2, 1, 2, 0, 0, 2, 1, 2, 2, 2}, "the wildcard key");
  const SuperCluster& scsg84 = runs.Find();
  ASSERT_EQ(scsg84.members.size(), 2U);
  for (const ClusterStats& member : scsg84.members) EXPECT_EQ(member.wildcard, 2U);
  EXPECT_EQ(scsg84.sum.tls_keys, 2U);
  EXPECT_EQ(scsg84.distinct.hosts, 4U);
  EXPECT_EQ(scsg84.distinct.host_ports, 4U);
  EXPECT_EQ(scsg84.distinct.tls_keys, 1U);
  EXPECT_EQ(scsg84.distinct.wildcard, 4U);
  EXPECT_EQ(scsg84.distinct.most_reused.key, KeyNamed("the wildcard key"));
}

TEST(TableNineteenTest, AddsUpScsg867WhoseLinkIsNotItsMostUsedKey) {
  auto lu_run = std::make_unique<FakeRunReader>(), sg_run = std::make_unique<FakeRunReader>();
  FakeRunReader &lu = *lu_run, &sg = *sg_run;
  const auto host = [](uint32_t n) { return Address::V4(0x0a000000 + n); };
  const LeafJudge judge = [](uint32_t, const proto::PortRow& row) {
    return LeafVerdict{row.observation().tls().chain_sha256(0) == Sha256("trusted"), false};
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

  SuperClusterOfRuns runs;
  runs.AddRun(std::move(lu_run), judge);
  runs.AddRun(std::move(sg_run), judge);
  const SuperCluster& scsg867 = runs.Find();
  const ClusterStats& lu352 = scsg867.members[0];
  EXPECT_EQ(lu352.hosts, 2U);
  EXPECT_EQ(lu352.ases, 1U);
  EXPECT_EQ(lu352.host_ports, 9U);
  EXPECT_EQ(lu352.ssh_ports, 2U);
  EXPECT_EQ(lu352.ssh_keys, 1U);
  EXPECT_EQ(lu352.tls_ports, 7U);
  EXPECT_EQ(lu352.tls_keys, 4U);
  EXPECT_EQ(lu352.trusted, 6U);
  EXPECT_EQ(lu352.most_reused.host_ports, 4U);
  const ClusterStats& sg867 = scsg867.members[1];
  EXPECT_EQ(sg867.hosts, 3U);
  EXPECT_EQ(sg867.ases, 2U);
  EXPECT_EQ(sg867.host_ports, 9U);
  EXPECT_EQ(sg867.ssh_ports, 2U);
  EXPECT_EQ(sg867.ssh_keys, 2U);
  EXPECT_EQ(sg867.tls_ports, 7U);
  EXPECT_EQ(sg867.tls_keys, 2U);
  EXPECT_EQ(sg867.trusted, 0U);
  EXPECT_EQ(sg867.most_reused.host_ports, 4U);
  EXPECT_EQ(scsg867.sum.hosts, 5U);
  EXPECT_EQ(scsg867.sum.ases, 3U);
  EXPECT_EQ(scsg867.sum.host_ports, 18U);
  EXPECT_EQ(scsg867.sum.ssh_keys, 3U);
  EXPECT_EQ(scsg867.sum.tls_ports, 14U);
  EXPECT_EQ(scsg867.sum.tls_keys, 6U);
  EXPECT_EQ(scsg867.sum.trusted, 6U);
  EXPECT_EQ(scsg867.distinct.tls_keys, 5U);
  EXPECT_EQ(scsg867.distinct.most_reused.key, KeyNamed("link"));
  EXPECT_EQ(scsg867.distinct.most_reused.hosts, 4U);
}

TEST(TableTwentyTest, CountsTheOneSshKeyOfScpt151OnceWhereThePaperHasThree) {
  SuperClusterOfRuns runs;
  // The SSH key links; in PT and IE the most used key is of TLS.
  const auto add = [&](const PaperCluster& cluster, uint32_t first_address) {
    auto reader = std::make_unique<FakeRunReader>();
    PaperClusterBuilder builder(*reader, first_address);
    builder.Add(cluster, cluster.tls_ports == 0 ? "the one key" : "");
    // The same key on the same hosts under the link's name.
    for (uint64_t i = 0; i < cluster.ssh_ports; ++i) {
      const Address host = Address::V4(first_address + static_cast<uint32_t>(i));
      reader->AddPort(host, 22, {}).clear_keys();
      reader->AddPort(host, 22, {"the one key"});
    }
    runs.AddRun(std::move(reader), builder.Judge());
  };
  add({"PT151", 8, 2, 49, 4, 1, 45, 4, 22, 14, 42}, 0x0a000001);
  add({"EE291", 2, 2, 4, 2, 1, 2, 1, 0, 0, 2}, 0x0a001001);
  add({"IE254", 11, 2, 42, 11, 1, 31, 14, 11, 0, 11}, 0x0a002001);
  const SuperCluster& scpt151 = runs.Find();
  EXPECT_EQ(scpt151.members[0].most_reused.host_ports, 42U);
  EXPECT_EQ(scpt151.members[0].wildcard, 14U);
  EXPECT_EQ(scpt151.members[1].most_reused.host_ports, 2U);
  EXPECT_EQ(scpt151.members[2].most_reused.host_ports, 11U);
  EXPECT_EQ(scpt151.members[2].tls_keys, 14U);
  EXPECT_EQ(scpt151.sum.hosts, 21U);
  EXPECT_EQ(scpt151.sum.ases, 6U);
  EXPECT_EQ(scpt151.sum.host_ports, 95U);
  EXPECT_EQ(scpt151.sum.ssh_ports, 17U);
  EXPECT_EQ(scpt151.sum.ssh_keys, 3U);
  EXPECT_EQ(scpt151.sum.tls_ports, 78U);
  EXPECT_EQ(scpt151.sum.tls_keys, 19U);
  EXPECT_EQ(scpt151.sum.trusted, 33U);
  EXPECT_EQ(scpt151.sum.wildcard, 14U);
  EXPECT_EQ(scpt151.distinct.ssh_keys, 1U);
  EXPECT_EQ(scpt151.distinct.tls_keys, 19U);
}

TEST(SuperClusterTrustTest, APortThatSeveralRunsSawIsTrustedOnceAndItsCertificateCountsOnce) {
  SuperClusterOfRuns runs;
  const LeafJudge judge = [](uint32_t, const proto::PortRow& row) {
    const std::string& leaf = row.observation().tls().chain_sha256(0);
    return LeafVerdict{leaf != Sha256("own"), leaf == Sha256("wildcard")};
  };
  for (const char* leaf : {"wildcard", "own"}) {
    auto run = std::make_unique<FakeRunReader>();
    for (uint32_t host = 1; host <= 2; ++host) {
      run->AddHost(Address::V4(host), leaf == std::string("own") && host == 1 ? 7 : 0)
          .set_started_unix_ms(host * 1000);
      proto::TlsFacts& tls =
          *run->AddPort(Address::V4(host), 443, {"k"}).mutable_observation()->mutable_tls();
      tls.add_chain_sha256(Sha256(host == 1 ? leaf : "wildcard"));
    }
    runs.AddRun(std::move(run), judge);
  }
  const SuperCluster& found = runs.Find();
  EXPECT_EQ(found.members[0].trusted, 2U);
  EXPECT_EQ(found.members[1].trusted, 1U);
  EXPECT_EQ(found.sum.trusted, 3U);
  EXPECT_EQ(found.distinct.trusted, 2U);
  EXPECT_EQ(found.distinct.wildcard, 2U);
  EXPECT_EQ(found.sum.trusted_certs, 2U);
  EXPECT_EQ(found.distinct.trusted_certs, 1U);
  EXPECT_EQ(found.distinct.wildcard_certs, 1U);
  EXPECT_EQ(found.sum.hosts_of_unknown_as, 3U);
  EXPECT_EQ(found.distinct.hosts_of_unknown_as, 1U);  // one run knew the other host's
  EXPECT_EQ(found.distinct.key_uses, 2U);
  EXPECT_EQ(found.distinct.shared_keys, 1U);
  EXPECT_EQ(found.distinct.first_seen_unix_ms, 1000);
}

}  // namespace
}  // namespace hark

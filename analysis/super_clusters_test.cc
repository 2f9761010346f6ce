#include "analysis/super_clusters.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "analysis/paper_super_clusters_fixture.h"

namespace hark {
namespace {

// The one super-cluster that the runs make.
class SuperClusterTest : public ::testing::Test {
 protected:
  void Find() {
    runs_ = Compared(fixture_.runs);
    auto links = FindCrossLinks(Pointers(runs_), false);
    ASSERT_TRUE(links.ok()) << links.status().message();
    links_ = std::move(*links);
    auto found = FindSuperClusters(Pointers(runs_), links_);
    ASSERT_TRUE(found.ok()) << found.status().message();
    ASSERT_EQ(found->clusters.size(), 1U);
    found_ = found->clusters[0];
  }

  void ExpectRows(const std::vector<PaperMember>& table) {
    ASSERT_EQ(found_.members.size(), table.size());
    for (size_t m = 0; m < found_.nodes.size(); ++m) {
      const std::string& label = links_.labels[links_.nodes[found_.nodes[m]].run];
      const auto row = std::find_if(table.begin(), table.end(),
                                    [&](const auto& each) { return each.country == label; });
      ASSERT_NE(row, table.end());
      const ClusterStats& counts = found_.members[m];
      EXPECT_EQ(counts.hosts, row->ips) << label;
      EXPECT_EQ(counts.ases, row->ases) << label;
      EXPECT_EQ(counts.host_ports, row->ssh_ports + row->tls_ports) << label;
      EXPECT_EQ(counts.ssh_ports, row->ssh_ports) << label;
      EXPECT_EQ(counts.ssh_keys, row->ssh_keys) << label;
      EXPECT_EQ(counts.tls_ports, row->tls_ports) << label;
      EXPECT_EQ(counts.tls_keys, row->tls_keys) << label;
      EXPECT_EQ(counts.most_reused.host_ports, row->most) << label;
    }
  }

  CrossRuns fixture_;
  std::vector<ComparedRun> runs_;
  CrossLinks links_;
  SuperCluster found_;
};

TEST_F(SuperClusterTest, PaperTableXviiiOfScna14) {
  for (const PaperMember& row : kTableXviii) fixture_.AddMember(row, "the key of SCNA14");
  Find();
  ExpectRows(kTableXviii);
  EXPECT_EQ(found_.runs, 10U);
  EXPECT_EQ(found_.links.size(), 45U);
  EXPECT_EQ(found_.sum.hosts, 80U);
  EXPECT_EQ(found_.sum.ases, 38U);
  EXPECT_EQ(found_.sum.host_ports, 162U);
  EXPECT_EQ(found_.sum.ssh_ports, 5U);
  EXPECT_EQ(found_.sum.ssh_keys, 5U);
  EXPECT_EQ(found_.sum.tls_ports, 157U);
  EXPECT_EQ(found_.sum.tls_keys, 33U);
  // What the paper's sum counts ten times is one key, on 121 of the host/ports.
  EXPECT_EQ(found_.distinct.tls_keys, 24U);
  EXPECT_EQ(found_.distinct.hosts, 80U);
  EXPECT_EQ(found_.distinct.host_ports, 162U);
  EXPECT_EQ(found_.distinct.most_reused.host_ports, 121U);
  ASSERT_EQ(found_.linking_key_count, 1U);
  EXPECT_EQ(found_.linking_keys[0].key, KeyNamed("the key of SCNA14"));
  EXPECT_EQ(found_.linking_keys[0].nodes.size(), 10U);
}

TEST_F(SuperClusterTest, PaperTableXixOfScsg867) {
  // The linking key: one LU host and three SG hosts in two ASes, port 25 on all and 587 on one.
  FakeRunReader& lu = fixture_.Of("LU");
  const auto lu_hosts = fixture_.AddHosts(kTableXix[0]);
  ShowKey(lu, {lu_hosts[0]}, "linking", 25);
  for (const uint16_t port : {110, 143}) ShowKey(lu, lu_hosts, "LU most", port);
  ShowKey(lu, {lu_hosts[0]}, "LU web", 443);
  ShowKey(lu, {lu_hosts[1]}, "LU mail", 993);
  ShowKey(lu, lu_hosts, "LU ssh", 22);
  fixture_.Renumber(lu, lu_hosts, kTableXix[0]);
  FakeRunReader& sg = fixture_.Of("SG");
  const auto sg_hosts = fixture_.AddHosts(kTableXix[1]);
  ShowKey(sg, sg_hosts, "linking", 25);
  ShowKey(sg, {sg_hosts[0]}, "linking", 587);
  ShowKey(sg, sg_hosts, "SG web", 443);
  ShowKey(sg, {sg_hosts[1]}, "SG ssh 1", 22);
  ShowKey(sg, {sg_hosts[2]}, "SG ssh 2", 22);
  fixture_.Renumber(sg, sg_hosts, kTableXix[1]);
  Find();
  ExpectRows(kTableXix);
  EXPECT_TRUE(found_.additional());
  EXPECT_EQ(found_.sum.host_ports, 18U);
  EXPECT_EQ(found_.sum.tls_keys, 6U);
  EXPECT_EQ(found_.distinct.tls_keys, 5U);
  EXPECT_EQ(found_.distinct.ssh_keys, 3U);
  EXPECT_EQ(found_.linking_keys[0].host_ports, 5U);
}

TEST_F(SuperClusterTest, PaperTableXxOfScpt151CountsItsOneSshKeyOnce) {
  // One SSH key on 17 hosts of three countries; each country's TLS keys are its own.
  for (const PaperMember& row : kTableXx) {
    FakeRunReader& run = fixture_.Of(row.country);
    const auto hosts = fixture_.AddHosts(row);
    for (uint64_t i = 0; i < row.ssh_ports; ++i) ShowKey(run, {hosts[i]}, "the SSH key", 22);
    // Where the SSH key is not the most used one, a TLS key is.
    const uint64_t most = row.ssh_ports == row.most ? 0 : row.most;
    for (uint64_t i = 0; i < row.tls_ports; ++i) {
      const uint64_t others = row.tls_keys - (most > 0 ? 1 : 0);
      const std::string key = i < most ? "most" : StrCat(i % others);
      CrossRuns::ShowOnNextPort(run, hosts[i % hosts.size()], StrCat(row.country, " ", key));
    }
    fixture_.Renumber(run, hosts, row);
  }
  Find();
  ExpectRows(kTableXx);
  EXPECT_EQ(found_.sum.hosts, 21U);
  EXPECT_EQ(found_.sum.ssh_keys, 3U);
  EXPECT_EQ(found_.distinct.ssh_keys, 1U);
  EXPECT_EQ(found_.linking_keys[0].host_ports, 17U);
  EXPECT_EQ(found_.sum.tls_keys, 19U);
  EXPECT_EQ(found_.distinct.tls_keys, 19U);
  EXPECT_EQ(found_.sum.most_reused.host_ports, 42U);
}

TEST_F(SuperClusterTest, PaperSupercluster134OfUruguayHasAKeyOn27Of99Hosts) {
  // Six countries; the members that do not show the linking key hang on keys of their own country.
  const std::pair<const char*, uint32_t> countries[] = {{"UY", 40}, {"IE", 20}, {"SG", 15},
                                                        {"PT", 12}, {"NZ", 8},  {"FI", 4}};
  const uint32_t linked[] = {7, 5, 5, 4, 4, 2};
  for (size_t i = 0; i < std::size(countries); ++i) {
    const auto& [country, members] = countries[i];
    FakeRunReader& run = fixture_.Of(country);
    const auto hosts = fixture_.AddHosts({country, members, 1, 0, 0, 0, 0, 0});
    ShowKey(run, hosts, StrCat(country, " appliance"), 443);
    ShowKey(run, {hosts.begin(), hosts.begin() + linked[i]}, "RSA 1024", 25);
  }
  Find();
  EXPECT_EQ(found_.runs, 6U);
  EXPECT_EQ(found_.sum.hosts, 99U);
  ASSERT_EQ(found_.linking_key_count, 1U);
  EXPECT_EQ(found_.linking_keys[0].host_ports, 27U);
  EXPECT_EQ(found_.linking_keys[0].nodes.size(), 6U);
}

TEST_F(SuperClusterTest, IsNamedAfterTheLargestClusterOfTheRunGivenFirst) {
  fixture_.AddCluster("NA", 5, "not linked");
  fixture_.AddCluster("NA", 3, "a");
  fixture_.AddCluster("IE", 9, "a");
  Find();
  EXPECT_EQ(found_.name, "SCNA2");
}

TEST_F(SuperClusterTest, WhatRunsOfOnePopulationSawTwiceIsCountedOnceBesideTheSum) {
  // Three hosts in both runs; the second run has found one more, and another port.
  ShowKey(fixture_.Of("A"), {1, 2, 3}, "k");
  ShowKey(fixture_.Of("B"), {1, 2, 3, 4}, "k");
  ShowKey(fixture_.Of("B"), {4}, "k", 22);
  ShowKey(fixture_.Of("A"), {1}, "ssh rsa", 22);
  ShowKey(fixture_.Of("A"), {1}, "ssh ed25519", 22);  // one port, two keys
  fixture_.Of("A").AddHost(HostNumber(1), 7);
  fixture_.Of("B").AddHost(HostNumber(1), 8);  // the AS changed
  fixture_.Of("B").AddHost(HostNumber(2), 0);  // unknown
  Find();
  EXPECT_EQ(found_.sum.hosts, 7U);
  EXPECT_EQ(found_.distinct.hosts, 4U);
  EXPECT_EQ(found_.sum.ases, 4U);       // 1 and 7, 1 and 8
  EXPECT_EQ(found_.distinct.ases, 3U);  // 1, 7, 8
  EXPECT_EQ(found_.sum.tls_ports, 7U);
  EXPECT_EQ(found_.distinct.tls_ports, 4U);
  EXPECT_EQ(found_.sum.ssh_ports, 2U);
  EXPECT_EQ(found_.sum.ssh_keys, 3U);
  EXPECT_EQ(found_.distinct.ssh_keys, 3U);
  EXPECT_EQ(found_.sum.most_reused.host_ports, 5U);
  EXPECT_EQ(found_.distinct.most_reused.host_ports, 5U);
}

}  // namespace
}  // namespace hark

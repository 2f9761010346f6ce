#include "analysis/cross_links.h"

#include <gtest/gtest.h>

#include <map>

#include "analysis/paper_super_clusters_fixture.h"
#include "analysis/super_clusters.h"

namespace hark {
namespace {

struct Crossed {
  std::vector<ComparedRun> runs;
  CrossLinks links;
  SuperClusters super;

  std::string Name(uint32_t node) const {
    return links.NameOf(links.nodes[node], runs[links.nodes[node].run]);
  }
};

Crossed Cross(const std::vector<std::unique_ptr<FakeRunReader>>& readers, bool lone_hosts = false) {
  Crossed out;
  out.runs = Compared(readers);
  const std::vector<const ComparedRun*> runs = Pointers(out.runs);
  auto links = FindCrossLinks(runs, lone_hosts);
  EXPECT_TRUE(links.ok()) << links.status().message();
  out.links = std::move(*links);
  auto super = FindSuperClusters(runs, out.links);
  EXPECT_TRUE(super.ok()) << super.status().message();
  out.super = std::move(*super);
  return out;
}

TEST(PaperTableXvii, SyntheticRunsGiveTheMatrixItsSumTheOneLinkComponentsAndTheHosts) {
  const CrossRuns fixture = TableXviiRuns();
  const Crossed crossed = Cross(fixture.runs);
  std::map<std::string, size_t> place;
  for (size_t i = 0; i < 10; ++i) place[crossed.links.labels[i]] = i;
  uint64_t sum = 0;
  for (size_t i = 0; i < 10; ++i) {
    const size_t row = place.at(kCrossCountries[i]);
    EXPECT_EQ(crossed.links.matrix[row][row], 0U);
    for (size_t j = i + 1; j < 10; ++j) {
      const size_t column = place.at(kCrossCountries[j]);
      EXPECT_EQ(crossed.links.matrix[row][column], kTableXvii[i][j - i - 1])
          << kCrossCountries[i] << " " << kCrossCountries[j];
      EXPECT_EQ(crossed.links.matrix[column][row], crossed.links.matrix[row][column]);
      sum += crossed.links.matrix[row][column];
    }
  }
  EXPECT_EQ(sum, 486U);
  EXPECT_EQ(crossed.links.links.size(), 486U);
  EXPECT_EQ(crossed.super.additional, 57U);
  EXPECT_EQ(crossed.super.hosts_sum, 7469U);
  EXPECT_EQ(crossed.super.hosts_distinct, 7469U);
}

TEST(CrossLinksTest, NoPartnerIsLostToANumberThatIsPartOfAnother) {
  // The reference looks for "5" in the text "105" and drops it: IE1 has the partners 105, 15 and 5.
  CrossRuns fixture;
  for (uint32_t i = 1; i <= 120; ++i) {
    fixture.AddCluster("EE", 2 + 120 - i, StrCat("EE ", i));  // the size makes it number i
  }
  const std::vector<uint32_t> hosts = fixture.New(3);
  ShowKey(fixture.Of("IE"), hosts, "IE");
  for (const uint32_t partner : {105, 15, 5, 12, 2}) {
    ShowKey(fixture.Of("IE"), {hosts[1]}, StrCat("EE ", partner),
            static_cast<uint16_t>(1000 + partner));
  }
  const Crossed crossed = Cross(fixture.runs);
  EXPECT_EQ(crossed.links.matrix[0][1], 5U);
  EXPECT_EQ(crossed.links.matrix[1][0], 5U);
  std::vector<std::string> names;
  for (uint32_t node = 0; node < crossed.links.nodes.size(); ++node) {
    names.push_back(crossed.Name(node));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"EE2", "EE5", "EE12", "EE15", "EE105", "IE1"}));
}

TEST(CrossLinksTest, StrengthIsTheKeysAndTheAddressesInCommon) {
  CrossRuns fixture;
  ShowKey(fixture.Of("IE"), {1, 2, 3}, "a");
  ShowKey(fixture.Of("IE"), {1}, "b", 22);
  ShowKey(fixture.Of("EE"), {2, 3, 4}, "a");
  ShowKey(fixture.Of("EE"), {4}, "b", 22);
  const Crossed crossed = Cross(fixture.runs);
  ASSERT_EQ(crossed.links.links.size(), 1U);
  EXPECT_EQ(crossed.links.links[0].shared_keys, 2U);
  EXPECT_EQ(crossed.links.links[0].shared_addresses, 2U);
  EXPECT_EQ(crossed.super.hosts_sum, 6U);
  EXPECT_EQ(crossed.super.hosts_distinct, 4U);
  EXPECT_EQ(crossed.super.clusters[0].distinct.hosts, 4U);
  EXPECT_EQ(crossed.super.clusters[0].sum.hosts, 6U);
}

TEST(CrossLinksTest, AddressesAloneLinkNothing) {
  CrossRuns fixture;
  ShowKey(fixture.Of("IE"), {1, 2}, "a");
  ShowKey(fixture.Of("EE"), {1, 2}, "b");
  EXPECT_TRUE(Cross(fixture.runs).links.links.empty());
}

TEST(CrossLinksTest, KeysOfLoneHostsLinkWhenAskedFor) {
  CrossRuns fixture;
  fixture.AddCluster("IE", 2, "a");                // hosts 1 and 2
  ShowKey(fixture.Of("EE"), fixture.New(1), "a");  // 3
  ShowKey(fixture.Of("EE"), fixture.New(1), "b");  // 4
  ShowKey(fixture.Of("FI"), fixture.New(1), "b");  // 5
  ShowKey(fixture.Of("FI"), fixture.New(1), "own");
  EXPECT_TRUE(Cross(fixture.runs).links.links.empty());
  const Crossed crossed = Cross(fixture.runs, true);
  ASSERT_EQ(crossed.super.clusters.size(), 2U);
  EXPECT_EQ(crossed.super.additional, 2U);
  EXPECT_EQ(crossed.super.clusters[0].name, "SCIE1");
  EXPECT_EQ(crossed.super.clusters[1].name, "SCEE-10.0.0.4");
  EXPECT_EQ(crossed.Name(crossed.super.clusters[0].nodes[1]), "EE-10.0.0.3");
  EXPECT_EQ(crossed.super.clusters[0].sum.hosts, 3U);
  EXPECT_EQ(crossed.super.clusters[1].sum.tls_keys, 2U);
  EXPECT_EQ(crossed.super.clusters[1].distinct.tls_keys, 1U);
}

TEST(CrossLinksTest, RunsOfOneCountryGoByTheirNames) {
  std::vector<std::unique_ptr<FakeRunReader>> runs;
  runs.push_back(RunNamed("IE-2017", "IE", 1));
  runs.push_back(RunNamed("IE-2018", "IE", 2));
  runs.push_back(RunNamed("EE-2018", "EE", 3));
  runs.push_back(RunNamed("a list", "", 4));
  EXPECT_EQ(Cross(runs).links.labels,
            (std::vector<std::string>{"IE-2017", "IE-2018", "EE", "a list"}));
}

TEST(CrossLinksTest, ClustersOfRunsThatGoByNameHaveADotBeforeTheirNumber) {
  std::vector<std::unique_ptr<FakeRunReader>> runs;
  runs.push_back(RunNamed("IE-2017", "IE", 1));
  runs.push_back(RunNamed("IE-2018", "IE", 2));
  for (const auto& run : runs) ShowKey(*run, {1, 2}, "k");
  EXPECT_EQ(Cross(runs).super.clusters[0].name, "SCIE-2017.1");
}

TEST(CrossLinksTest, AListThatIsCalledLikeACountryIsNotTakenForIt) {
  std::vector<std::unique_ptr<FakeRunReader>> runs;
  runs.push_back(RunNamed("IE-2018", "IE", 1));
  runs.push_back(RunNamed("IE", "", 2));
  EXPECT_EQ(Cross(runs).links.labels, (std::vector<std::string>{"IE-2018", "IE"}));
}

}  // namespace
}  // namespace hark

#include "analysis/evolution.h"

#include <gtest/gtest.h>

#include "analysis/run_comparison.h"
#include "analysis/table_xv_fixture.h"

namespace hark {
namespace {

class EvolutionTest : public ::testing::Test {
 protected:
  const Evolution& Evolve() {
    Result<RunComparison> compared = CompareRuns(*before_, *after_, 10);
    EXPECT_TRUE(compared.ok()) << compared.status().message();
    comparison_ = std::move(*compared);
    return comparison_.evolution;
  }

  std::unique_ptr<FakeRunReader> before_ = RunNamed("one", "", 1);
  std::unique_ptr<FakeRunReader> after_ = RunNamed("two", "", 2);
  RunComparison comparison_;
};

TEST(PaperTableXv, SyntheticPairOf823And1437ClustersGivesEveryCell) {
  const TableXvFixture fixture;
  const Result<RunComparison> compared = CompareRuns(*fixture.before, *fixture.after, 0);
  ASSERT_TRUE(compared.ok()) << compared.status().message();
  const Evolution& evolution = compared->evolution;
  ASSERT_EQ(evolution.before.size(), 823U);
  ASSERT_EQ(evolution.after.size(), 1437U);
  EXPECT_EQ(evolution.CountBefore(ClusterFate::kUnlinked), 168U);  // disappeared
  EXPECT_EQ(evolution.CountAfter(ClusterFate::kUnlinked), 777U);   // appeared
  EXPECT_EQ(evolution.CountBefore(ClusterFate::kByAddress), 36U);
  EXPECT_EQ(evolution.CountAfter(ClusterFate::kByAddress), 36U);
  EXPECT_EQ(evolution.CountBefore(ClusterFate::kByKey), 16U);
  EXPECT_EQ(evolution.CountAfter(ClusterFate::kByKey), 16U);
  EXPECT_EQ(evolution.CountBefore(ClusterFate::kByBoth), 584U);
  EXPECT_EQ(evolution.CountAfter(ClusterFate::kByBoth), 584U);
  EXPECT_EQ(evolution.CountBefore(ClusterFate::kComplex), 19U);
  EXPECT_EQ(evolution.CountAfter(ClusterFate::kComplex), 24U);
  EXPECT_EQ(evolution.complex.size(), 13U);  // 5 merges, 5 + 2 splits, two into three
  EXPECT_EQ(evolution.complex[0].before.size(), 2U);
  EXPECT_EQ(evolution.complex[0].after.size(), 3U);
  EXPECT_EQ(evolution.complex[0].links.size(), 4U);
}

TEST_F(EvolutionTest, AddressAndKeyOfOneLinkMayBeOfDifferentHosts) {
  ShowKey(*before_, {1, 2}, "old");
  ShowKey(*after_, {1, 3}, "new");  // 1 stays, its key does not
  ShowKey(*after_, {3}, "old", 25);
  const Evolution& evolution = Evolve();
  ASSERT_EQ(evolution.links.size(), 1U);
  EXPECT_EQ(evolution.before[0].fate, ClusterFate::kByBoth);
  EXPECT_EQ(evolution.links[0].shared_addresses, 1U);
  EXPECT_EQ(evolution.links[0].shared_keys, 1U);
  EXPECT_EQ(evolution.links[0].unchanged_hosts, 0U);
}

TEST_F(EvolutionTest, AKeyThatJoinsNobodyLinksClustersAllTheSame) {
  ShowKey(*before_, {1, 2}, "a");
  ShowKey(*before_, {2}, "own", 22);  // on one host of its cluster in both runs
  ShowKey(*after_, {11, 12}, "b");
  ShowKey(*after_, {11}, "own", 25);
  EXPECT_EQ(Evolve().before[0].fate, ClusterFate::kByKey);
}

TEST_F(EvolutionTest, AnIpPartnerAndAnotherKeyPartnerMakeAllThreeComplex) {
  ShowKey(*before_, {1, 2}, "a");
  ShowKey(*after_, {1, 3}, "b");
  ShowKey(*after_, {11, 12}, "a");
  const Evolution& evolution = Evolve();
  EXPECT_EQ(evolution.CountBefore(ClusterFate::kComplex), 1U);
  EXPECT_EQ(evolution.CountAfter(ClusterFate::kComplex), 2U);
  EXPECT_EQ(evolution.before[0].links, 2U);
}

TEST_F(EvolutionTest, NoPartnerIsLostToANumberThatIsPartOfAnother) {
  // The reference looks for "5" in the text "105" and drops it. Sizes make cluster i number i.
  uint32_t next = 1000;
  for (uint32_t i = 1; i <= 120; ++i) {
    std::vector<uint32_t> hosts;
    for (uint32_t n = 0; n < 2 + 120 - i; ++n) hosts.push_back(++next);
    ShowKey(*after_, hosts, StrCat("key ", i));
  }
  ShowKey(*before_, {1, 2}, "joined");
  for (const uint32_t i : {105, 15, 5, 12, 2}) ShowKey(*before_, {1}, StrCat("key ", i), 25);
  const Evolution& evolution = Evolve();
  std::vector<uint32_t> numbers;
  for (const ClusterLink& link : evolution.links) numbers.push_back(link.after + 1);
  EXPECT_EQ(numbers, (std::vector<uint32_t>{2, 5, 12, 15, 105}));
  EXPECT_EQ(evolution.before[0].links, 5U);
  EXPECT_EQ(evolution.CountAfter(ClusterFate::kComplex), 5U);
}

TEST_F(EvolutionTest, MatchesEachClusterOnceAndTheStrongestLinksFirst) {
  ShowKey(*before_, {1, 2, 3, 4, 5}, "a");  // splits: three stay, two leave
  ShowKey(*after_, {1, 2, 3}, "a");
  ShowKey(*after_, {4, 5}, "b");
  const Evolution& evolution = Evolve();
  ASSERT_EQ(evolution.links.size(), 2U);
  EXPECT_EQ(evolution.before[0].match, 0U);
  EXPECT_EQ(evolution.after[0].match, 0U);
  EXPECT_EQ(evolution.after[1].match, Clustering::kNone);
  EXPECT_TRUE(evolution.links[0].matched);
  EXPECT_FALSE(evolution.links[1].matched);
  EXPECT_EQ(evolution.links[0].unchanged_hosts, 3U);
  EXPECT_EQ(evolution.matched.matched, 1U);
  EXPECT_EQ(evolution.matched.same_id, 1U);
  EXPECT_EQ(evolution.matched.shrank, 1U);
}

TEST_F(EvolutionTest, AnEqualIdIsNoMatchWhereTheHostsSayOtherwise) {
  // Key "a" goes over to other machines; nine hosts of the old cluster stay together under "b".
  ShowKey(*before_, {1, 2, 3, 4, 5, 6, 7, 8, 9}, "a");
  ShowKey(*after_, {1, 2, 3, 4, 5, 6, 7, 8, 9}, "b");
  ShowKey(*after_, {21, 22}, "a");
  const Evolution& evolution = Evolve();
  EXPECT_EQ(comparison_.before.clustering.clusters[0].id,
            comparison_.after.clustering.clusters[1].id);
  EXPECT_EQ(evolution.before[0].match, 0U);
  EXPECT_EQ(evolution.matched.same_id, 0U);
  EXPECT_EQ(evolution.matched.same_members, 1U);
}

TEST_F(EvolutionTest, WhatIsLeftOfAnUnlinkedClusterIsSeenOnLoneHosts) {
  ShowKey(*before_, {1, 2}, "a");
  ShowKey(*before_, {3, 4}, "b");
  ShowKey(*before_, {5, 6}, "c");
  ShowKey(*before_, {7, 8}, "d");
  ShowKey(*after_, {1}, "one");  // keys of their own now
  ShowKey(*after_, {2}, "two");
  ShowKey(*after_, {13}, "b");     // the key is on one other host
  after_->AddHost(HostNumber(5));  // there, without a key
  const Evolution& evolution = Evolve();
  EXPECT_EQ(evolution.CountBefore(ClusterFate::kUnlinked), 4U);
  EXPECT_EQ(evolution.before[0].seen_hosts, 2U);
  EXPECT_EQ(evolution.before[0].lone_keys, 0U);
  EXPECT_EQ(evolution.before[1].lone_keys, 1U);
  EXPECT_FALSE(evolution.before[1].without_trace());
  EXPECT_TRUE(evolution.before[2].without_trace());
  EXPECT_TRUE(evolution.before[3].without_trace());
}

TEST_F(EvolutionTest, HostsThatTakeNoPartLinkNothing) {
  ShowKey(*before_, {1, 2, 3}, "a");
  ShowKey(*after_, {1, 2, 3}, "a");
  ShowKey(*after_, {11, 12}, "b");
  for (const uint32_t host : {1, 2, 3}) {
    after_->AddHost(HostNumber(host), 1, proto::HostRow::OUT);
  }
  const Evolution& evolution = Evolve();
  EXPECT_EQ(evolution.CountBefore(ClusterFate::kUnlinked), 1U);
  EXPECT_TRUE(evolution.before[0].without_trace());
}

TEST_F(EvolutionTest, ARunAgainstItselfChangesNothing) {
  const TableXvFixture fixture;
  const auto compared = CompareRuns(*fixture.before, *fixture.before, 10);
  ASSERT_TRUE(compared.ok());
  EXPECT_EQ(compared->evolution.CountBefore(ClusterFate::kByBoth), 823U);
  EXPECT_EQ(compared->evolution.matched.same_id, 823U);
  EXPECT_EQ(compared->evolution.matched.same_members, 823U);
  EXPECT_TRUE(compared->events.host_events.empty());
  EXPECT_TRUE(compared->events.rotations.empty());
  EXPECT_TRUE(compared->events.moves.empty());
}

}  // namespace
}  // namespace hark

#include "analysis/bundle_build.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "analysis/bundle_fixture.h"

namespace hark {
namespace {

const BundlePseudonyms kPseudonyms(std::string(BundlePseudonyms::kSecretSize, 's'));

// What a run gives for an owner.
struct Built {
  HostTable hosts;
  BundleFacts facts;
  Bundle bundle;

  Built(const RunReader& run, const BundleOwner& owner) {
    hosts = *HostTable::Read(run);
    const Clustering clustering = *FindClusters(run, hosts);
    facts = *ReadBundleFacts(run, hosts, clustering, owner);
    const BundleCheck check = MakeBundleCheck(facts, hosts, kPseudonyms);
    bundle = BuildBundle(facts, run.run(), owner, kPseudonyms, check);
  }
};

class BundleBuild : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { run_ = ThreeAsRun().release(); }
  static void TearDownTestSuite() {
    delete run_;
    run_ = nullptr;
  }
  static BundleRun* run_;
};
BundleRun* BundleBuild::run_ = nullptr;

std::vector<std::string> OwnLabels(const Bundle& bundle) {
  std::vector<std::string> out;
  for (const BundleMember& member : bundle.clusters.at(0).members) {
    if (member.own) out.push_back(member.label);
  }
  return out;
}

TEST_F(BundleBuild, KeepsTheHoldersHostsAndHidesTheOthersWhateverTheirAs) {
  const Built built(*run_, BundleOwner::OfAsn(1));
  ASSERT_EQ(built.bundle.clusters.size(), 1U);
  const BundleCluster& cluster = built.bundle.clusters[0];
  EXPECT_EQ(OwnLabels(built.bundle),
            (std::vector<std::string>{"10.1.0.1", "10.1.0.2", "10.1.0.3", "2001:db8:1::1"}));
  EXPECT_EQ(cluster.own_hosts, 4U);
  EXPECT_EQ(cluster.hosts_of_as, (std::map<uint32_t, uint64_t>{{1, 4}, {2, 3}, {3, 1}}));
  ASSERT_EQ(cluster.members.size(), 8U);
  std::vector<std::string> others;
  for (size_t i = 4; i < 8; ++i) {
    EXPECT_FALSE(cluster.members[i].own);
    EXPECT_EQ(cluster.members[i].label[0], 'm');
    EXPECT_EQ(cluster.members[i].label.size(), 17U);
    EXPECT_TRUE(cluster.members[i].names.empty());
    others.push_back(cluster.members[i].label);
  }
  EXPECT_TRUE(std::is_sorted(others.begin(), others.end()));
  EXPECT_EQ(built.bundle.from, "2018-04-30");
  EXPECT_EQ(built.bundle.until, "2018-05-01");
}

TEST_F(BundleBuild, CountsKeysAndKeepsWhatTheyJoin) {
  const BundleCluster cluster = Built(*run_, BundleOwner::OfAsn(1)).bundle.clusters[0];
  ASSERT_EQ(cluster.keys.size(), 5U);
  EXPECT_EQ(cluster.keys[0].label, kPseudonyms.OfKey(KeyNamed("shared")));
  EXPECT_EQ(cluster.keys[0].hosts, 8U);
  EXPECT_EQ(cluster.keys[0].own_hosts, 4U);
  EXPECT_EQ(cluster.keys[1].hosts, 3U);
  EXPECT_EQ(cluster.keys[1].own_hosts, 0U);
  EXPECT_EQ(cluster.keys[2].label, kPseudonyms.OfKey(KeyNamed("both tls")));
  EXPECT_EQ(cluster.keys[2].own_hosts, 1U);
  const BundlePort& ssh = cluster.members[0].ports[0];
  EXPECT_EQ(ssh.port, 22);
  EXPECT_EQ(ssh.version, "SSH-2.0");
  EXPECT_EQ(ssh.keys, std::vector<uint32_t>{0});
}

TEST_F(BundleBuild, ShowsANameOnlyWhereNoHostOfOthersHasIt) {
  const BundleCluster cluster = Built(*run_, BundleOwner::OfAsn(1)).bundle.clusters[0];
  EXPECT_EQ(cluster.members[0].names,
            (std::vector<std::string>{"mail.own.example", "own.example", "www.own.example"}));
  EXPECT_EQ(cluster.members[0].names_withheld, 0U);
  EXPECT_TRUE(cluster.members[1].names.empty());
  EXPECT_EQ(cluster.members[1].names_withheld, 2U);  // its certificate is on a host of AS 2, too
  EXPECT_TRUE(cluster.members[2].names.empty());
  EXPECT_EQ(cluster.members[2].names_withheld, 1U);  // has an address of AS 2 in it
}

TEST_F(BundleBuild, AHolderIsToldByItsPrefixesOrItsNamesAlike) {
  const AddressSet prefixes({*ParseSpan("10.1.0.2"), *ParseSpan("2001:db8:1::/48")});
  EXPECT_EQ(OwnLabels(Built(*run_, BundleOwner::OfPrefixes(prefixes)).bundle),
            (std::vector<std::string>{"10.1.0.2", "2001:db8:1::1"}));
  EXPECT_EQ(OwnLabels(Built(*run_, *BundleOwner::OfNames("own\\.example$")).bundle),
            (std::vector<std::string>{"10.1.0.1", "10.1.0.3"}));
  EXPECT_TRUE(Built(*run_, BundleOwner::OfAsn(9)).bundle.clusters.empty());
}

TEST_F(BundleBuild, ACertificateOfThousandsOfNamesShowsAHundredAndCountsTheRest) {
  BundleRun run;
  run.AddSsh("10.1.0.1", 1, {"shared"});
  run.AddSsh("10.1.0.2", 2, {"shared"});
  proto::HostRow& row = run.AddHost(*Address::Parse("10.1.0.1"), 1);
  for (int i = 0; i < 1577; ++i) row.add_names(StrCat("n", 1000 + i, ".example"));
  const BundleMember member = Built(run, BundleOwner::OfAsn(1)).bundle.clusters[0].members[0];
  EXPECT_EQ(member.names.size(), kMaxNamesShown);
  EXPECT_EQ(member.names_more, 1477U);
}

TEST(BundlePseudonyms, DifferBySecretAndAreTheSameForTheSame) {
  const BundlePseudonyms other(std::string(BundlePseudonyms::kSecretSize, 't'));
  const Address address = *Address::Parse("10.1.0.1");
  EXPECT_EQ(kPseudonyms.OfHost(address), kPseudonyms.OfHost(address));
  EXPECT_NE(kPseudonyms.OfHost(address), other.OfHost(address));
  EXPECT_NE(kPseudonyms.OfHost(address), kPseudonyms.OfHost(*Address::Parse("10.1.0.2")));
  EXPECT_NE(kPseudonyms.OfKey(KeyNamed("a")).substr(1), KeyNamed("a").ToHex().substr(0, 16));
  // printf 'host 10.1.0.1' | openssl dgst -sha256 -mac HMAC -macopt
  // key:ssssssssssssssssssssssssssssssss
  KeyWorkshop shop;
  const std::string mac =
      shop.Run("printf 'host 10.1.0.1' | openssl dgst -sha256 -mac HMAC -macopt key:" +
               kPseudonyms.secret() + " | sed 's/.*= //'");
  EXPECT_EQ(kPseudonyms.OfHost(address), "m" + mac.substr(0, 16));
}

}  // namespace
}  // namespace hark

#include "analysis/hygiene.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "analysis/facts_fixture.h"
#include "analysis/hygiene_tables.h"
#include "base/strings.h"

namespace hark {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr int64_t kGrabbed = FactsFixture::kGrabbed;
constexpr int64_t kDay = 86400;

class HygieneTest : public ::testing::Test {
 protected:
  // A host with one TLS port and a trusted certificate.
  void AddTls(uint32_t host, uint32_t version, uint32_t suite, uint32_t asn = 1) {
    run_.AddHost(host, asn);
    run_.Show(host, 443, good_, {}, version, suite);
  }

  FactsFixture run_;
  TestCertificate good_ = run_.root().Issue({{"a.example"}});
};

TEST_F(HygieneTest, FlagsAreThoseOfThePaperCorrected) {
  AddTls(1, 0x0303, 0x0005);  // RC4, and no forward secrecy
  AddTls(2, 0x0301, 0xc011);  // RC4 with ECDHE in TLS 1.0
  AddTls(3, 0x0304, 0x1301);  // TLS 1.3: its suites have no DHE in their names
  AddTls(4, 0x0303, 0xdead);  // unknown: nothing is said
  AddTls(5, 0x0303, 0x0033);  // DHE
  run_.AddHost(6);            // no TLS
  const RunFacts facts = run_.Read();
  EXPECT_EQ(facts.hygiene.hosts, 6U);
  EXPECT_EQ(facts.hygiene.all.hosts, 5U);
  EXPECT_THAT(facts.hygiene.flags, ElementsAre(2, 1, 1, 0, 0, 0));
  EXPECT_THAT(facts.hygiene.all.hosts_of_score, ElementsAre(3, 0, 2, 0, 0, 0, 0));
  EXPECT_THAT(facts.hygiene.rc4.hosts_of_score, ElementsAre(0, 0, 2, 0, 0, 0, 0));
  EXPECT_EQ(facts.hygiene.rc4.mean_other(), 1);
  EXPECT_EQ(facts.hygiene.not_rc4.mean(), 0);
}

TEST_F(HygieneTest, AFlagOnAnyPortIsTheHosts) {
  AddTls(1, 0x0303, 0xc02f);
  run_.Show(1, 993, TestCa::SelfSigned({{"x"}, kGrabbed - kDay, kGrabbed - 1}), {}, 0x0300, 0x0004);
  const RunFacts facts = run_.Read();
  EXPECT_THAT(facts.hygiene.flags, ElementsAre(1, 1, 1, 1, 1, 1));
  EXPECT_THAT(facts.hygiene.all.hosts_of_score, ElementsAre(0, 0, 0, 0, 0, 0, 1));
}

TEST_F(HygieneTest, AsesOfFiveHostsAreRankedByTheirMean) {
  for (uint32_t host = 1; host <= 5; ++host)
    AddTls(host, 0x0303, host <= 2 ? 0x0035 : 0xc02f, 64500);
  for (uint32_t host = 6; host <= 11; ++host) AddTls(host, 0x0301, 0xc011, 64501);
  for (uint32_t host = 12; host <= 15; ++host) AddTls(host, 0x0300, 0x0005, 64502);  // four
  for (uint32_t host = 16; host <= 25; ++host) AddTls(host, 0x0300, 0x0005, 0);      // unknown
  const RunFacts facts = run_.Read();
  EXPECT_THAT(facts.hygiene.ases, ElementsAre(AsHygiene{64501, 6, 12, 2, {6, 6, 0, 0, 0, 0}},
                                              AsHygiene{64500, 5, 2, 1, {0, 0, 2, 0, 0, 0}}));
}

TEST_F(HygieneTest, ClustersAreCountedBySizeAndRankedByTheirFlags) {
  // Five hosts with one certificate in two ASes, of which three choose RC4 somewhere; two with
  // another; one with its own.
  const TestCertificate pair = run_.root().Issue({{"b.example"}});
  for (uint32_t host = 1; host <= 5; ++host)
    AddTls(host, 0x0303, host <= 2 ? 0x0005 : 0xc02f, host);
  run_.Show(3, 993, good_, {}, 0x0303, 0xc011);
  for (uint32_t host = 6; host <= 7; ++host) {
    run_.AddHost(host);
    run_.Show(host, 443, pair, {}, 0x0301, 0xc014);
  }
  run_.AddHost(8);
  run_.Show(8, 443, run_.root().Issue({{"c.example"}}), {}, 0x0303, 0x0005);
  const HygieneCounts counts = run_.Read().hygiene;
  EXPECT_THAT(counts.in_large.hosts_of_score, ElementsAre(2, 1, 2, 0, 0, 0, 0));
  EXPECT_THAT(counts.in_small.hosts_of_score, ElementsAre(0, 2, 0, 0, 0, 0, 0));
  EXPECT_THAT(counts.alone.hosts_of_score, ElementsAre(0, 0, 1, 0, 0, 0, 0));
  ASSERT_EQ(counts.clusters.size(), 2U);
  const ClusterHygiene& large = counts.clusters[0];
  EXPECT_EQ(large, (ClusterHygiene{large.id, 5, 5, 3, 1, 2, 5}));
  EXPECT_EQ(counts.clusters[1].score_sum, 2U);
  EXPECT_EQ(counts.rc4_clusters, 1U);
  EXPECT_EQ(counts.rc4_alone, 1U);
}

TEST_F(HygieneTest, SoftwareIsThatOfTheFirstGreetingAndItsFlagsAreTheHosts) {
  const auto greet = [&](uint32_t host, uint16_t port, const std::string& greeting) {
    run_.reader()
        .AddPort(FactsFixture::HostAt(host), port, {})
        .mutable_observation()
        ->set_greeting(greeting);
  };
  for (uint32_t host = 1; host <= 4; ++host) AddTls(host, 0x0303, host <= 2 ? 0x0035 : 0xc02f);
  greet(1, 25, "220 a.example ESMTP Postfix\r\n");
  greet(1, 587, "220 a.example ESMTP Exim 4.94\r\n");
  greet(2, 587, "220 b.example ESMTP Exim 4.89\r\n");
  greet(3, 110, "+OK Postfix\r\n");
  greet(3, 25, "");
  run_.AddHost(5);  // no TLS
  greet(5, 25, "220 e.example ESMTP Postfix\r\n");
  const HygieneCounts counts = run_.Read().hygiene;
  const auto hosts = [&](MailSoftware software) {
    return counts.software[static_cast<size_t>(software)].hosts;
  };
  EXPECT_EQ(hosts(MailSoftware::kPostfix), 1U);
  EXPECT_EQ(hosts(MailSoftware::kEximOld), 1U);
  EXPECT_EQ(hosts(MailSoftware::kUnknown), 2U);
  const ScoreCount& own = counts.models[static_cast<size_t>(MailModel::kSelfHosted)];
  EXPECT_EQ(own.hosts, 2U);
  EXPECT_THAT(own.flags, ElementsAre(0, 0, 2, 0, 0, 0));
}

TEST_F(HygieneTest, TablesNameSoftwareOfTenHostsAndSayWhoIsKeptWorse) {
  for (uint32_t host = 1; host <= 19; ++host) {
    AddTls(host, host <= 10 ? 0x0301 : 0x0303, host <= 10 ? 0x0005 : 0xc02f, 0);
    run_.reader()
        .AddPort(FactsFixture::HostAt(host), 25, {})
        .mutable_observation()
        ->set_greeting(host <= 10 ? "220 a Sendmail" : "220 a Postfix");
  }
  const RunFacts facts = run_.Read();
  const Table software = HygieneSoftwareTable(facts);
  ASSERT_EQ(software.rows.size(), 2U);
  EXPECT_EQ(software.rows[0][0].plain, "self-hosted");
  EXPECT_EQ(software.rows[1][0].plain, "  Sendmail");
  EXPECT_EQ(software.rows[1][2].plain, "3");
  // Every host with RC4 speaks TLS 1.0 and no other does: more, however forward secrecy counts.
  const Table compared = HygieneComparedTable(facts);
  EXPECT_EQ(compared.rows[0][1].plain, "100.00");
  EXPECT_EQ(compared.rows[1][1].plain, "50.00") << "nobody is outside the one cluster";
}

TEST(SuperiorityTest, IsMannAndWhitneysUOfTwoHistograms) {
  // 1 2 2 against 0 1 2: of nine pairs five greater and three ties.
  const uint64_t first[] = {0, 1, 2}, second[] = {1, 1, 1};
  EXPECT_THAT(CompareScores(first, second).chance, DoubleEq(6.5 / 9));
  // U = 6.5, mean 4.5, variance 9/12 (7 - (6 + 24) / 30) = 4.5.
  EXPECT_THAT(CompareScores(first, second).z, DoubleNear(2 / std::sqrt(4.5), 1e-12));
  EXPECT_THAT(CompareScores(second, first).chance, DoubleEq(2.5 / 9));
}

TEST(SuperiorityTest, OfNothingOrOfEqualsIsNone) {
  const uint64_t none[] = {0, 0}, all[] = {0, 7}, more[] = {0, 9};
  EXPECT_EQ(CompareScores(none, all).chance, 0.5);
  EXPECT_EQ(CompareScores(none, all).z, 0);
  EXPECT_EQ(CompareScores(all, more).chance, 0.5);
  EXPECT_EQ(CompareScores(all, more).z, 0);
}

}  // namespace
}  // namespace hark

#include "analysis/run_facts.h"

#include <gtest/gtest.h>

#include "analysis/facts_fixture.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr int64_t kGrabbed = FactsFixture::kGrabbed;
constexpr int64_t kDay = 86400;

class RunFactsTest : public ::testing::Test {
 protected:
  // host/ports in a class.
  static uint64_t In(const RunFacts& facts, bool timely, CertVoucher voucher) {
    return facts.classes.Of(timely, voucher).host_ports;
  }
  static uint64_t Flag(const RunFacts& facts, HygieneFlag flag) {
    return facts.hygiene.flags[static_cast<size_t>(flag)];
  }

  FactsFixture run_;
};

TEST_F(RunFactsTest, SortsCertificatesIntoTheSixClasses) {
  const TestCa::Order old{{"old.example"}, kGrabbed - 2 * kDay, kGrabbed - kDay};
  const TestCa stranger("stranger");
  for (uint32_t host = 1; host <= 6; ++host) run_.AddHost(host);
  run_.Show(1, 443, run_.root().Issue({{"a.example"}}));
  run_.Show(2, 443, TestCa::SelfSigned({{"b.example"}}));
  run_.Show(3, 443, stranger.Issue({{"c.example"}}));
  run_.Show(4, 443, run_.root().Issue(old));
  run_.Show(5, 443, TestCa::SelfSigned(old));
  run_.Show(6, 443, stranger.Issue(old));
  const RunFacts facts = run_.Read();
  for (const bool timely : {true, false}) {
    for (const auto voucher :
         {CertVoucher::kTrusted, CertVoucher::kSelfSigned, CertVoucher::kOther}) {
      EXPECT_EQ(In(facts, timely, voucher), 1U) << timely << static_cast<int>(voucher);
    }
  }
  EXPECT_EQ(Flag(facts, HygieneFlag::kUntrusted), 5U);
  EXPECT_EQ(Flag(facts, HygieneFlag::kExpired), 3U);
  EXPECT_EQ(Flag(facts, HygieneFlag::kSelfSigned), 2U);
}

TEST_F(RunFactsTest, AnIntermediateThatIsNotSentIsMissed) {
  run_.AddHost(1);
  run_.AddHost(2);
  run_.Show(1, 443, run_.middle().Issue({{"a.example"}}), {run_.middle().certificate()});
  run_.Show(2, 443, run_.middle().Issue({{"b.example"}}));
  const RunFacts facts = run_.Read();
  EXPECT_EQ(In(facts, true, CertVoucher::kTrusted), 1U);
  EXPECT_EQ(In(facts, true, CertVoucher::kOther), 1U);
}

TEST_F(RunFactsTest, OneLeafSentWithAndWithoutItsIntermediateIsTwoChains) {
  const TestCertificate leaf = run_.middle().Issue({{"a.example"}});
  for (uint32_t host = 1; host <= 4; ++host) run_.AddHost(host);
  run_.Show(1, 443, leaf, {run_.middle().certificate()});
  run_.Show(2, 443, leaf);
  run_.Show(3, 443, leaf, {run_.middle().certificate()});
  run_.Show(4, 443, leaf);
  const RunFacts facts = run_.Read();
  EXPECT_EQ(facts.chains, 2U);
  EXPECT_EQ(In(facts, true, CertVoucher::kTrusted), 2U);
  EXPECT_EQ(facts.port_trust.ports.at(443).mixed_trust, 1U);
  EXPECT_EQ(facts.port_trust.ports.at(443).trusted, (ReusedKeys{1, 2, 2}));
}

TEST_F(RunFactsTest, TrustIsJudgedAtAnyTimeTheOperatorAsksFor) {
  run_.AddHost(1);
  run_.Show(1, 443, run_.root().Issue({{"a.example"}, kGrabbed - 9 * kDay, kGrabbed - kDay}));
  const RunFacts at_grab = run_.Read();
  EXPECT_EQ(In(at_grab, false, CertVoucher::kTrusted), 1U);
  EXPECT_EQ(Flag(at_grab, HygieneFlag::kUntrusted), 1U);
  run_.options().at_unix = kGrabbed - 5 * kDay;
  const RunFacts before = run_.Read();
  EXPECT_EQ(In(before, true, CertVoucher::kTrusted), 1U);
  EXPECT_EQ(Flag(before, HygieneFlag::kUntrusted), 0U);
  run_.options().at_unix = kGrabbed - 10 * kDay;
  const RunFacts too_early = run_.Read();
  EXPECT_EQ(In(too_early, false, CertVoucher::kTrusted), 1U);
  EXPECT_EQ(Flag(too_early, HygieneFlag::kExpired), 0U) << "not yet valid is not expired";
}

TEST_F(RunFactsTest, EachHostIsJudgedAtTheTimeOfItsOwnGrab) {
  // One certificate that ends while the run goes on, and an intermediate that ends later.
  const TestCa middle(run_.root(), {{"ends"}, kGrabbed - kDay, kGrabbed + 100});
  const TestCertificate leaf = run_.root().Issue({{"a.example"}, kGrabbed - kDay, kGrabbed + 50});
  const TestCertificate below = middle.Issue({{"b.example"}});
  for (uint32_t host = 1; host <= 20; ++host) {
    const int64_t grabbed = kGrabbed + (host % 2 == 0 ? 0 : 200);  // in no order of time
    run_.AddHost(host, 1, grabbed);
    run_.Show(host, 443, leaf);
    run_.Show(host, 993, below, {middle.certificate()});
  }
  const RunFacts facts = run_.Read();
  EXPECT_EQ(In(facts, true, CertVoucher::kTrusted), 20U) << "ten of each, early";
  EXPECT_EQ(In(facts, false, CertVoucher::kTrusted), 10U) << "the leaf that ended";
  EXPECT_EQ(In(facts, true, CertVoucher::kOther), 10U) << "below the intermediate that ended";
  EXPECT_EQ(facts.port_trust.ports.at(443).trusted, (ReusedKeys{1, 10, 10}));
}

TEST_F(RunFactsTest, WithoutATrustStoreNothingIsJudgedButWhoSignedHimself) {
  run_.options().trust = nullptr;
  run_.options().trust_name = "no bundle";
  run_.AddHost(1);
  run_.Show(1, 443, run_.root().Issue({{"a.example"}}));
  run_.Show(1, 993, TestCa::SelfSigned({{"a.example"}}));
  const RunFacts facts = run_.Read();
  EXPECT_FALSE(facts.trust.judged);
  EXPECT_EQ(In(facts, true, CertVoucher::kOther), 1U);
  EXPECT_EQ(In(facts, true, CertVoucher::kSelfSigned), 1U);
  EXPECT_EQ(Flag(facts, HygieneFlag::kUntrusted), 0U);
  EXPECT_EQ(Flag(facts, HygieneFlag::kSelfSigned), 1U);
}

TEST_F(RunFactsTest, ReadsEveryChainOnceHoweverManyHostsShowIt) {
  const TestCertificate shared = run_.middle().Issue({{"a.example"}});
  for (uint32_t host = 1; host <= 300; ++host) {
    run_.AddHost(host);
    const TestCertificate own = run_.middle().Issue({{StrCat(host, ".example")}});
    for (const uint16_t port : {110, 143, 993}) {
      run_.Show(host, port, own, {run_.middle().certificate()});
    }
    run_.Show(host, 443, shared, {run_.middle().certificate()});
  }
  const RunFacts facts = run_.Read();
  EXPECT_EQ(facts.chains, 301U);
  EXPECT_EQ(run_.reader().certificates_read(), 302U) << "and the intermediate once";
  EXPECT_EQ(In(facts, true, CertVoucher::kTrusted), 1200U);
}

TEST_F(RunFactsTest, TheNumberOfThreadsChangesNothing) {
  for (uint32_t host = 1; host <= 200; ++host) {
    run_.AddHost(host, host % 7);
    const TestCa& ca = host % 3 == 0 ? run_.middle() : run_.root();
    run_.Show(host, 443, ca.Issue({{"a.example"}}), {run_.middle().certificate()});
    if (host % 5 == 0) run_.Show(host, 25, TestCa::SelfSigned({{"b.example"}}));
  }
  run_.options().threads = 1;
  const RunFacts one = run_.Read();
  run_.options().threads = 4;
  const RunFacts four = run_.Read();
  EXPECT_EQ(one.classes.timely, four.classes.timely);
  EXPECT_EQ(one.hygiene.all, four.hygiene.all);
  EXPECT_EQ(one.hygiene.ases, four.hygiene.ases);
  EXPECT_EQ(one.key_kinds, four.key_kinds);
}

TEST_F(RunFactsTest, HostsElsewhereAreNotLookedAt) {
  run_.AddHost(1);
  run_.reader().AddHost(FactsFixture::HostAt(1), 1, proto::HostRow::OUT);
  run_.Show(1, 443, run_.root().Issue({{"a.example"}}));
  const RunFacts facts = run_.Read();
  EXPECT_EQ(facts.chains, 0U);
  EXPECT_EQ(facts.hygiene.all.hosts, 0U);
  EXPECT_EQ(facts.hygiene.hosts, 0U);
}

TEST_F(RunFactsTest, CertificatesThatCannotBeReadAreCountedAsThat) {
  run_.AddHost(1);
  proto::TlsFacts& tls = run_.ShowNamed(1, 443, "key");
  tls.add_chain_sha256(run_.reader().AddCertificate("junk"));
  run_.ShowNamed(1, 993, "key").add_chain_sha256(Sha256("not stored"));
  run_.ShowNamed(1, 110, "key").add_chain_sha256("no hash");
  run_.ShowNamed(1, 143, "key");
  const RunFacts facts = run_.Read();
  EXPECT_EQ(facts.classes.unread.host_ports, 2U);
  EXPECT_EQ(facts.chains, 0U);
  EXPECT_EQ(facts.hygiene.all.hosts, 1U);
}

TEST_F(RunFactsTest, AChainOfOtherPeoplesCertificatesIsBounded) {
  // As many issuers as a worker keeps, none of use, a thousand times over, each set another.
  const TestCertificate leaf = run_.root().Issue({{"a.example"}});
  std::vector<TestCertificate> junk;
  for (int i = 0; i < 31; ++i) junk.push_back(TestCa(StrCat("ca", i)).certificate());
  for (uint32_t host = 1; host <= 200; ++host) {
    run_.AddHost(host);
    run_.Show(host, 443, leaf, junk);
    std::rotate(junk.begin(), junk.begin() + 1, junk.end());
  }
  const RunFacts facts = run_.Read();
  EXPECT_EQ(facts.chains, 31U);
  EXPECT_EQ(In(facts, true, CertVoucher::kTrusted), 200U);
}

TEST_F(RunFactsTest, TheOtherKeyTypesCertificateCountsAsAKeyAndForItsPort) {
  const TestCertificate other = run_.root().Issue({{"*.example"}});
  for (const uint32_t host : {1U, 2U}) {
    run_.AddHost(host);
    proto::TlsFacts& tls = run_.Show(host, 443, run_.root().Issue({{"a.example"}}));
    tls.mutable_other_leaf()->add_chain_sha256(run_.reader().AddCertificate(other.der));
    proto::PortRow& row = run_.reader().AddPort(FactsFixture::HostAt(host), 443, {});
    row.add_keys(std::string(KeyIdOfCertificate(other.der)->bytes()));
  }
  const RunFacts facts = run_.Read();
  const size_t p256 = KeyKindRow({KeyAlgorithm::kEcdsa, static_cast<uint16_t>(KeyCurve::kP256)});
  EXPECT_EQ(facts.key_kinds.tls[p256], (KindCount{3, 4}));
  EXPECT_EQ(facts.port_trust.ports.at(443).wildcard, (ReusedKeys{1, 2, 2}));
  EXPECT_EQ(facts.port_trust.ports.at(443).listeners, 2U);
}

TEST(PrefixMapTest, GivesBackWhatWasPutInAcrossManyGrowths) {
  PrefixMap map;
  EXPECT_EQ(map.Find(7), PrefixMap::kNone);
  for (uint32_t i = 0; i < 100'000; ++i) {
    ASSERT_EQ(map.FindOrInsert(uint64_t{i} << 32, i), i);
    ASSERT_EQ(map.FindOrInsert(uint64_t{i} << 32, i + 1), i);
  }
  EXPECT_EQ(map.size(), 100'000U);
  for (uint32_t i = 0; i < 100'000; ++i) ASSERT_EQ(map.Find(uint64_t{i} << 32), i);
  EXPECT_EQ(map.Find(1), PrefixMap::kNone);
}

}  // namespace
}  // namespace hark

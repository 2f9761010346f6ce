// The paper's Tables XIII and XIV of IE-20180316, rebuilt: hosts 1..7331 in one cluster, each port
// on the first so many of them. The cells that contradict the paper's own text (no wildcards on
// 587 and 993) are not among them.

#include <gtest/gtest.h>

#include "analysis/facts_fixture.h"
#include "analysis/facts_tables.h"
#include "base/strings.h"

namespace hark {
namespace {

struct PaperPort {
  uint16_t port;
  uint32_t trusted, wildcard, listeners;
};
constexpr PaperPort kTableThirteen[] = {
    {25, 294, 173, 4277},  {110, 311, 49, 3998}, {143, 328, 59, 4109},
    {443, 396, 241, 7331}, {587, 307, 0, 3321},  {993, 345, 0, 4024},
};

struct PaperSuite {
  uint32_t suite;
  uint64_t host_ports;
};
constexpr PaperSuite kTableFourteen[] = {
    {0x000a, 2}, {0x0035, 86}, {0xc011, 87}, {0x002f, 1818}, {0x0005, 2806},
};

class IrelandTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { facts_ = new RunFacts(Build()); }
  static void TearDownTestSuite() { delete facts_; }

  static std::vector<TestCertificate> Issue(const FactsFixture& run, size_t n,
                                            const std::string& name) {
    std::vector<TestCertificate> out;
    for (size_t i = 0; i < n; ++i) out.push_back(run.root().Issue({{StrCat(name, i, ".example")}}));
    return out;
  }

  // Which suite the nth TLS host/port in clusters chose.
  static uint32_t NthSuite(uint64_t n) {
    for (const PaperSuite& suite : kTableFourteen) {
      if (n < suite.host_ports) return suite.suite;
      n -= suite.host_ports;
    }
    return FactsFixture::kGoodSuite;
  }

  static RunFacts Build() {
    FactsFixture run;
    const auto wildcards = Issue(run, 241, "*.w");
    const auto plain = Issue(run, 345, "p");
    for (uint32_t host = 1; host <= 7331; ++host) {
      run.AddHost(host);
      run.reader().AddPort(FactsFixture::HostAt(host), 22, {"one image"});
    }
    uint64_t nth = 0;
    for (const PaperPort& port : kTableThirteen) {
      for (uint32_t host = 1; host <= port.listeners; ++host) {
        const uint32_t key = (host - 1) / 2;  // each on two hosts
        const uint32_t suite = NthSuite(nth++);
        if (key >= port.trusted) {
          run.ShowNamed(host, port.port, "appliance", suite);
        } else if (key < port.wildcard) {
          run.Show(host, port.port, wildcards[key], {}, 0x0303, suite);
        } else {
          run.Show(host, port.port, plain[key - port.wildcard], {}, 0x0303, suite);
        }
      }
    }
    return run.Read();
  }

  static const RunFacts* facts_;
};
const RunFacts* IrelandTest::facts_ = nullptr;

TEST_F(IrelandTest, GivesThePapersTableThirteen) {
  for (const PaperPort& want : kTableThirteen) {
    const PortTrust& port = facts_->port_trust.ports.at(want.port);
    EXPECT_EQ(port.trusted.keys, want.trusted) << want.port;
    EXPECT_EQ(port.listeners, want.listeners) << want.port;
    if (want.port != 587 && want.port != 993) {
      EXPECT_EQ(port.wildcard.keys, want.wildcard) << want.port;
    }
    EXPECT_EQ(port.trusted.hosts, 2 * want.trusted) << "each key is on two hosts";
    EXPECT_EQ(port.trusted.host_ports, port.trusted.hosts);
  }
  EXPECT_EQ(facts_->port_trust.total.listeners, 27060U);
}

TEST_F(IrelandTest, CountsAKeyOnManyPortsOnceInTheTotal) {
  EXPECT_EQ(facts_->port_trust.total.wildcard.keys, 241U);
  EXPECT_EQ(facts_->port_trust.total.trusted.keys, 241U + 345U);
  EXPECT_EQ(facts_->port_trust.total.trusted.host_ports, 2U * (294 + 311 + 328 + 396 + 307 + 345));
  EXPECT_EQ(facts_->port_trust.total.trusted.hosts, 2U * 396);
}

TEST_F(IrelandTest, GivesThePapersTableFourteen) {
  uint64_t bad = 0;
  for (const auto& [suite, count] : facts_->suites.suites) {
    if (count.bad) bad += count.clustered_host_ports;
  }
  EXPECT_EQ(bad, 4799U);
  EXPECT_EQ(facts_->suites.clustered_host_ports, 27060U);
  for (const PaperSuite& want : kTableFourteen) {
    const SuiteCount& count = facts_->suites.suites.at(static_cast<uint16_t>(want.suite));
    EXPECT_EQ(count.clustered_host_ports, want.host_ports) << want.suite;
    EXPECT_TRUE(count.bad);
  }
  EXPECT_EQ(facts_->suites.suites.at(0x0005).name, "TLS_RSA_WITH_RC4_128_SHA");
}

TEST_F(IrelandTest, ShowsBothAsTables) {
  const Table trust = PortTrustTable(*facts_);
  ASSERT_EQ(trust.rows.size(), 7U);
  EXPECT_EQ(trust.rows[3][0].shown, "443");
  EXPECT_EQ(trust.rows[3][1].shown, "7,331");
  EXPECT_EQ(trust.rows[3][2].plain, "396");
  const Table suites = SuitesTable(*facts_);
  ASSERT_EQ(suites.rows.size(), 6U);
  EXPECT_EQ(suites.rows[0][0].plain, "0x0005");
  EXPECT_EQ(suites.rows[0][2].plain, "2806");
  EXPECT_EQ(suites.rows[5][2].plain, "4799");
  for (const Table& table : FactsTables(*facts_)) {
    for (const auto& row : table.rows) EXPECT_EQ(row.size(), table.columns.size()) << table.name;
  }
}

// What the text says of port 443 of the Irish run: 396 re-used trusted keys on 3,918 hosts, of
// which three are on 1,991, 171 and 152; 25 keys that are trusted on some hosts and not on others,
// and one whose trusted certificates differ in their names.
TEST(IrelandPort443Test, CountsTrustedHostsMixedTrustAndDifferingNames) {
  const std::vector<TestCa::Order> good_and_old = {
      {{"a.example"}}, {{"a.example"}, FactsFixture::kGrabbed - 20, FactsFixture::kGrabbed - 10}};
  FactsFixture run;
  uint32_t host = 0;
  const auto show = [&](const TestCertificate& leaf, uint32_t hosts) {
    for (uint32_t i = 0; i < hosts; ++i) {
      run.AddHost(++host);
      run.Show(host, 443, leaf);
    }
  };
  for (const uint32_t hosts : {1991, 171, 152}) show(run.root().Issue({{"big.example"}}), hosts);
  for (int key = 0; key < 25; ++key) {
    const auto leaves = run.root().IssueForOneKey(good_and_old);
    show(leaves[0], 2);
    show(leaves[1], 1);
  }
  const auto renamed = run.root().IssueForOneKey({{{"a.example"}}, {{"b.example"}}});
  for (const TestCertificate& leaf : renamed) show(leaf, 1);
  // The other 367 keys: on 1,552 hosts, four or five each.
  for (uint32_t key = 0; key < 367; ++key) {
    show(run.root().Issue({{"small.example"}}), key < 84 ? 5 : 4);
  }
  const PortTrust port = run.Read().port_trust.ports.at(443);
  EXPECT_EQ(port.trusted, (ReusedKeys{396, 3918, 3918}));
  EXPECT_EQ(port.mixed_trust, 25U);
  EXPECT_EQ(port.mixed_names, 1U);
}

class PortTrustTest : public ::testing::Test {
 protected:
  FactsFixture run_;
};

TEST_F(PortTrustTest, AKeyMustBeReusedOnThatVeryPort) {
  const TestCertificate leaf = run_.root().Issue({{"*.example"}});
  run_.AddHost(1);
  run_.AddHost(2);
  run_.Show(1, 25, leaf);
  run_.Show(2, 443, leaf);
  const PortTrusts trusts = run_.Read().port_trust;
  EXPECT_EQ(trusts.ports.at(25), (PortTrust{{}, {}, 1, 0, 0}));
  EXPECT_EQ(trusts.ports.at(443), (PortTrust{{}, {}, 1, 0, 0}));
}

TEST_F(PortTrustTest, KeysWhoseCertificatesDifferAreTold) {
  const auto renewed = run_.root().IssueForOneKey(
      {{{"a.example"}},
       {{"a.example", "b.example"}},
       {{"a.example"}, FactsFixture::kGrabbed - 20, FactsFixture::kGrabbed - 10}});
  for (uint32_t host = 1; host <= 3; ++host) run_.AddHost(host);
  run_.Show(1, 443, renewed[0]);
  run_.Show(2, 443, renewed[1]);
  run_.Show(1, 993, renewed[0]);
  run_.Show(2, 993, renewed[0]);
  run_.Show(3, 993, renewed[2]);
  const PortTrusts trusts = run_.Read().port_trust;
  EXPECT_EQ(trusts.ports.at(443), (PortTrust{{1, 2, 2}, {}, 2, 0, 1}));
  EXPECT_EQ(trusts.ports.at(993), (PortTrust{{1, 2, 2}, {}, 3, 1, 0}));
  EXPECT_EQ(trusts.total, (PortTrust{{1, 4, 2}, {}, 5, 1, 1}));
}

TEST_F(PortTrustTest, AWildcardNeedNotBeTrusted) {
  const TestCertificate leaf = TestCa::SelfSigned({{"*.local"}});
  for (uint32_t host = 1; host <= 2; ++host) {
    run_.AddHost(host);
    run_.Show(host, 443, leaf);
  }
  EXPECT_EQ(run_.Read().port_trust.ports.at(443), (PortTrust{{}, {1, 2, 2}, 2, 0, 0}));
}

TEST_F(PortTrustTest, HostsOutsideClustersAreNotLookedAt) {
  run_.AddHost(1);
  run_.Show(1, 443, run_.root().Issue({{"*.example"}}));
  run_.Show(1, 993, run_.root().Issue({{"*.example"}}));
  EXPECT_TRUE(run_.Read().port_trust.ports.empty());
}

}  // namespace
}  // namespace hark

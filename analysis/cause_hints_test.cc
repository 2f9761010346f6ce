#include "analysis/cause_hints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "analysis/fake_run_reader.h"
#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

// A run of one cluster: hosts are added and show things, then the rules look.
class CauseTest : public ::testing::Test {
 protected:
  void AddHosts(uint32_t n, uint32_t asn = 1) {
    for (uint32_t i = 0; i < n; ++i) reader_.AddHost(Address::V4(++hosts_), asn);
  }
  proto::PortObservation& Show(uint32_t host, uint16_t port, const std::string& key) {
    return *reader_.AddPort(Address::V4(host), port, {key}).mutable_observation();
  }
  void ShowSsh(uint32_t host, const std::string& key, const std::string& software = "SSH-2.0-x") {
    Show(host, 22, key).mutable_ssh()->set_identification(software);
  }
  void Greet(uint32_t host, const std::string& key, const std::string& greeting) {
    Show(host, 25, key).set_greeting(greeting);
  }

  std::vector<CauseHint> Hints() {
    const HostTable hosts = *HostTable::Read(reader_);
    const Clustering clustering = *FindClusters(reader_, hosts);
    EXPECT_EQ(clustering.clusters.size(), 1U);
    const Result<std::vector<CauseFacts>> facts =
        ReadCauseFacts(reader_, hosts, clustering, known_);
    EXPECT_TRUE(facts.ok()) << facts.status().message();
    return CauseHints((*facts)[0]);
  }
  // "medium: evidence" of one cause, "" if it is not suspected.
  std::string Hint(Cause cause) {
    for (const CauseHint& hint : Hints()) {
      if (hint.cause == cause) return StrCat(ConfidenceName(hint.confidence), ": ", hint.evidence);
    }
    return "";
  }

  FakeRunReader reader_;
  KnownKeys known_;
  uint32_t hosts_ = 0;
};

TEST_F(CauseTest, TakesHostsThatAreAlikeInEverythingForOneMachine) {
  AddHosts(2);
  for (const uint32_t host : {1, 2}) {
    ShowSsh(host, "ssh");
    Greet(host, "mail", "220 mx.site.net ESMTP\r\n");
  }
  EXPECT_EQ(Hint(Cause::kOneMultihomedHost),
            "high: one AS, the same SSH keys on all members, one SSH software, one greeting name "
            "mx.site.net");
  Greet(2, "mail", "220 other.site.net ESMTP\r\n");
  EXPECT_THAT(Hint(Cause::kOneMultihomedHost), ::testing::StartsWith("low: "));
  reader_.AddHost(Address::V4(2), 2);
  EXPECT_EQ(Hint(Cause::kOneMultihomedHost), "") << "one machine is in one AS";
}

TEST_F(CauseTest, TakesOneSshKeyInManyASesOrOverDifferingTlsKeysForAClonedImage) {
  AddHosts(3);
  for (const uint32_t host : {1, 2, 3}) ShowSsh(host, "ssh");
  EXPECT_EQ(Hint(Cause::kClonedImage), "") << "nothing speaks against one machine";
  Show(1, 443, "a");
  Show(2, 443, "b");
  EXPECT_EQ(Hint(Cause::kClonedImage), "medium: one SSH key on 3 hosts, differing TLS keys");
  reader_.AddHost(Address::V4(3), 2);
  EXPECT_EQ(Hint(Cause::kClonedImage), "high: one SSH key on 3 hosts, 2 ASes, differing TLS keys");
}

TEST_F(CauseTest, DoesNotTakeAHostWithTwoTlsKeysForTwoMachines) {
  AddHosts(2);
  for (const uint32_t host : {1, 2}) {
    ShowSsh(host, "ssh");
    Show(host, 443, "web");
    Show(host, 25, "mail");
  }
  EXPECT_EQ(Hint(Cause::kClonedImage), "");
}

TEST_F(CauseTest, KnowsAListedKeyOfAVendorAndOfACdn) {
  AddHosts(4);
  for (const uint32_t host : {1, 2, 3, 4}) Show(host, 443, "k");
  EXPECT_EQ(Hint(Cause::kVendorDefault), "");
  const std::string hex = KeyNamed("k").ToHex();
  known_ = *ParseKnownKeys(StrCat("# ours\n", hex, " vendor A router\n"));
  EXPECT_EQ(Hint(Cause::kVendorDefault), "high: all 4 members show the listed key of A router");
  EXPECT_EQ(Hint(Cause::kCdnFront), "");
  known_ = *ParseKnownKeys(hex + "\tcdn\tA CDN");
  EXPECT_EQ(Hint(Cause::kCdnFront), "high: all 4 members show the listed key of A CDN");
  EXPECT_EQ(Hint(Cause::kVendorDefault), "");
}

TEST_F(CauseTest, KnowsACdnByItsHeaders) {
  AddHosts(4);
  for (const uint32_t host : {1, 2, 3, 4}) {
    Show(host, 443, "k").mutable_http()->set_headers("Date: x\r\nServer: cloudflare\r\n");
  }
  EXPECT_EQ(Hint(Cause::kCdnFront), "high: all 4 members answer HTTPS as a front of Cloudflare");
  for (const uint32_t host : {3, 4}) Show(host, 443, "k").mutable_http()->clear_headers();
  EXPECT_EQ(Hint(Cause::kCdnFront), "medium: 2 of 4 members answer HTTPS as a front of Cloudflare");
  ShowSsh(1, "ssh");
  EXPECT_THAT(Hint(Cause::kCdnFront), ::testing::StartsWith("low: "));
  Show(2, 443, "k").mutable_http()->clear_headers();
  EXPECT_EQ(Hint(Cause::kCdnFront), "");
}

TEST_F(CauseTest, TakesTwoHostsOfOneNameAndDifferentAgeForOldAndNew) {
  AddHosts(2);
  for (const uint32_t host : {1, 2}) Greet(host, "k", "220-mail.site.net hello\r\n220 x\r\n");
  EXPECT_EQ(Hint(Cause::kOldAndNew), "");
  Show(1, 443, "k").mutable_tls()->set_version(0x0301);
  Show(2, 443, "k").mutable_tls()->set_version(0x0304);
  EXPECT_EQ(Hint(Cause::kOldAndNew),
            "medium: two hosts greet as mail.site.net, one runs older software");
  const int64_t day = 24LL * 60 * 60 * 1000;
  reader_.AddHost(Address::V4(1)).set_started_unix_ms(1000 * day);
  reader_.AddHost(Address::V4(2)).set_started_unix_ms(1003 * day);
  EXPECT_EQ(Hint(Cause::kOldAndNew),
            "high: two hosts greet as mail.site.net, one runs older software, seen 3 days apart");
  AddHosts(1);
  Greet(3, "k", "220 mail.site.net x\r\n");
  EXPECT_EQ(Hint(Cause::kOldAndNew), "") << "three are not before and after";
}

TEST(CauseRulesTest, JudgeCertificatesByDomainAndMaker) {
  CauseFacts facts;
  facts.hosts = 4;
  for (int i = 0; i < 3; ++i) facts.cert_domain.Say("site.net");
  const auto first = [&] { return SuspectedCause(CauseHints(facts)); };
  EXPECT_EQ(first(), "one-organisation (medium)");
  facts.cert_domain.Say("site.net");
  EXPECT_EQ(first(), "one-organisation (high)");
  facts.cert_domain.Say("other.net");
  EXPECT_EQ(first(), "");
  for (int i = 0; i < 4; ++i) facts.panel.Say("Plesk");
  EXPECT_EQ(first(), "panel-default (high)");
  EXPECT_EQ(CauseHints(facts)[0].evidence, "all 4 members show the certificate that Plesk makes");
}

// Each certificate is read once, however many hosts show it.
class ReaderWithLeaf final : public FakeRunReader {
 public:
  std::string der;
  mutable int asked = 0;

  Result<std::string> Certificate(std::string_view) const override {
    ++asked;
    return der;
  }
};

TEST(CauseFactsTest, ReadEachCertificateOnce) {
  ReaderWithLeaf reader;
  reader.der = "no certificate at all";
  for (uint32_t host = 1; host <= 3; ++host) {
    reader.AddHost(Address::V4(host));
    reader.AddPort(Address::V4(host), 443, {"k"})
        .mutable_observation()
        ->mutable_tls()
        ->add_chain_sha256(Sha256("leaf"));
  }
  const HostTable hosts = *HostTable::Read(reader);
  const Clustering clustering = *FindClusters(reader, hosts);
  const std::vector<CauseFacts> facts = *ReadCauseFacts(reader, hosts, clustering, {});
  EXPECT_EQ(reader.asked, 1);
  EXPECT_EQ(facts[0].cert_domain.hosts, 0U);
  EXPECT_EQ(facts[0].tls_hosts, 3U);
  EXPECT_THAT(CauseHints(facts[0]), ::testing::IsEmpty());
}

TEST(CauseFactsTest, GuessTheRegisteredPartOfAName) {
  const std::map<std::string, std::string> kWant = {{"www.Site.net", "site.net"},
                                                    {"*.site.net", "site.net"},
                                                    {"a.b.site.co.uk", "site.co.uk"},
                                                    {"x.site.com.sg", "site.com.sg"},
                                                    {"site.ie", "site.ie"},
                                                    {"localhost.localdomain", ""},
                                                    {"imap.example.com", ""},
                                                    {"Plesk", ""},
                                                    {"a..", ""},
                                                    {"", ""}};
  for (const auto& [name, want] : kWant) {
    EXPECT_EQ(RegisteredPart(name), want) << name;
  }
}

TEST(CauseFactsTest, TakeNoMaskedGreetingForAName) {
  EXPECT_EQ(NameInGreeting("220 MX.site.net ESMTP x\r\n"), "mx.site.net");
  EXPECT_EQ(NameInGreeting("220-mx.site.net\r\n220 more\r\n"), "mx.site.net");
  for (const char* greeting : {"220 ****************\r\n", "220 ready", "554 mx.site.net no", "220",
                               "", "220*mx.site.net"}) {
    EXPECT_EQ(NameInGreeting(greeting), "") << greeting;
  }
}

TEST(KnownKeysTest, NameTheLineThatIsWrong) {
  const std::string hex(64, 'a');
  EXPECT_EQ(ParseKnownKeys(StrCat("\n# x\r\n", hex, " vendor A\r\n"))->size(), 1U);
  for (const std::string& bad : {std::string("abc vendor A"), hex + " router A", hex + " vendor",
                                 hex, hex + "aa vendor A"}) {
    const Result<KnownKeys> got = ParseKnownKeys(StrCat("# first\n", bad, "\n"));
    ASSERT_FALSE(got.ok()) << bad;
    EXPECT_THAT(std::string(got.status().message()), ::testing::HasSubstr("line 2"));
  }
}

TEST(CauseRulesTest, AreAllInTheDocumentWithTheirNames) {
  const Result<std::string> text = ReadFile("docs/cause-hints.md");
  ASSERT_TRUE(text.ok()) << text.status().message();
  EXPECT_EQ(CauseRules().size(), 7U);
  for (const CauseRule& rule : CauseRules()) {
    EXPECT_THAT(*text, ::testing::HasSubstr(StrCat("| `", CauseName(rule.cause), "` | ",
                                                   CauseTitle(rule.cause), " |")));
  }
}

}  // namespace
}  // namespace hark

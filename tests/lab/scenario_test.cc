#include "tests/lab/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lab/generators.h"

namespace hark::lab {
namespace {

using ::testing::HasSubstr;

Scenario Parsed(std::string_view text) {
  Result<Scenario> scenario = ParseScenario(text, "x.scenario");
  EXPECT_TRUE(scenario.ok()) << scenario.status().message();
  return scenario.ok() ? *scenario : Scenario();
}

std::string ErrorOf(std::string_view text) {
  const Result<Scenario> scenario = ParseScenario(text, "x.scenario");
  EXPECT_FALSE(scenario.ok());
  if (scenario.ok()) return "";
  EXPECT_EQ(scenario.status().code(), StatusCode::kInvalidInput);
  return scenario.status().message();
}

TEST(ScenarioFile, ReadsHostsWithTheirServices) {
  const Scenario s = Parsed(
      "run demo\n"
      "country NA\n"
      "# a comment\n"
      "prefix 127.9.0.0/24 asn=7\n"
      "host 127.9.0.1 asn=8 country=ZA\n"
      "  port 25 smtp key=K1 tls=1.0-1.2 banner=\"mail \\\"x\\\"\\x00\"  # trailing\n"
      "  port 22 ssh keys=K7,K8 version=1.99\n"
      "host 127.9.0.2\n"
      "  port 443 https key=K1 behaviour=tls-alert\n");
  ASSERT_EQ(s.hosts.size(), 2U);
  EXPECT_EQ(s.hosts[0].asn, 8U);
  EXPECT_EQ(s.hosts[0].country, "ZA");
  const Service& mail = s.hosts[0].services[0];
  EXPECT_EQ(mail.protocol, Protocol::kSmtp);
  EXPECT_EQ(mail.tls_max, kTls10 + 2);
  EXPECT_EQ(mail.banner, std::string("mail \"x\"\0", 9));
  EXPECT_EQ(s.hosts[0].services[1].keys, (std::vector<std::string>{"K7", "K8"}));
  EXPECT_EQ(s.hosts[0].services[1].ssh_version, "1.99");
  EXPECT_EQ(s.hosts[1].asn, 7U);
  EXPECT_EQ(s.hosts[1].country, "NA");
  EXPECT_EQ(s.hosts[1].services[0].behaviour, Behaviour::kTlsAlert);
}

TEST(ScenarioFile, GivesKeysATypeByTheirUse) {
  const Scenario s = Parsed(
      "key R type=rsa-2048\n"
      "host 127.9.0.1\n"
      "port 22 ssh keys=S,B,R\n"
      "port 443 https key=B\n");
  EXPECT_EQ(s.key_types.at("S"), KeyType::kEd25519);
  EXPECT_EQ(s.key_types.at("B"), KeyType::kEcdsaP256);
  EXPECT_EQ(s.key_types.at("R"), KeyType::kRsa2048);
}

TEST(ScenarioFile, TakesTheLongestPrefixForAsnAndCountry) {
  const Scenario s = Parsed(
      "country NA\n"
      "prefix 127.9.0.0/16 asn=1\n"
      "prefix 127.9.4.0/24 asn=2 country=ZA\n"
      "host 127.9.4.4\nport 25 smtp\n"
      "host 127.9.5.4\nport 25 smtp\n");
  EXPECT_EQ(s.hosts[0].asn, 2U);
  EXPECT_EQ(s.hosts[0].country, "ZA");
  EXPECT_EQ(s.hosts[1].asn, 1U);
}

TEST(ScenarioFile, TellsFileLineAndWhatIsWrong) {
  EXPECT_THAT(ErrorOf("run a\nfrobnicate b\n"), HasSubstr("x.scenario:2: unknown word"));
  EXPECT_THAT(ErrorOf("host 127.0.0.300\n"), HasSubstr("x.scenario:1: "));
  EXPECT_THAT(ErrorOf("port 25 smtp\n"), HasSubstr("a port before any host"));
  EXPECT_THAT(ErrorOf("host 127.1.0.1\nport 0 smtp\n"), HasSubstr("x.scenario:2: port \"0\""));
  EXPECT_THAT(ErrorOf("host 127.1.0.1\nport 70000 smtp\n"), HasSubstr("1 to 65535"));
  EXPECT_THAT(ErrorOf("host 127.1.0.1\nport 25 gopher\n"), HasSubstr("gopher"));
  EXPECT_THAT(ErrorOf("host 127.1.0.1\nport 25 smtp tls=1.2-1.0\n"), HasSubstr("tls=1.2-1.0"));
  EXPECT_THAT(ErrorOf("host 127.1.0.1\nport 25 smtp banner=\"x\n"), HasSubstr("quote"));
  EXPECT_THAT(ErrorOf("host 127.1.0.1\nport 443 https\n"), HasSubstr("needs a key"));
  EXPECT_THAT(ErrorOf("host 127.1.0.1\nport 443 https key=K behaviour=no-starttls\n"),
              HasSubstr("cannot have behaviour"));
  EXPECT_THAT(ErrorOf("host 127.1.0.1\nhost 127.1.0.1\n"), HasSubstr("x.scenario:2: host"));
  EXPECT_THAT(ErrorOf("prefix 127.1.0.1/8\n"), HasSubstr("x.scenario:1: "));
  EXPECT_THAT(ErrorOf("prefix 127.1.0.1-127.1.0.7\n"), HasSubstr("not a CIDR prefix"));
  EXPECT_THAT(ErrorOf("key K type=rsa-7\n"), HasSubstr("type=rsa-7"));
}

TEST(ScenarioFile, NamesTheLineOfAKeyThatCannotServeThere) {
  EXPECT_THAT(ErrorOf("host 127.1.0.1\nport 443 https key=K tls=1.0\nkey K type=ed25519\n"),
              HasSubstr("x.scenario:2: "));
  EXPECT_THAT(ErrorOf("key K type=dsa-1024\nhost 127.1.0.1\nport 443 https key=K\n"),
              HasSubstr("x.scenario:3: "));
}

TEST(ScenarioFile, ReadsEveryAttributeAndWritesItBack) {
  const Scenario s = Parsed(
      "key r type=rsa-2048\n"
      "host fd00::7\n"
      "port 22 ssh keys=a,b ca=c behaviour=penalty noauth=16s overtime=1500ms threshold=3s most=9s "
      "login-grace=2s kex=x,y host-keys=z ciphers=c1 macs=m1 compression=zlib unknown-keys=20 "
      "prelude=\"one\\r\\n\"\n"
      "port 2222 ssh keys=a behaviour=max-startups startups=3 refusal=old\n"
      "port 443 https key=r,e chain=1000 sans=1577 dates=9999 ocsp=yes sct=yes alpn=yes "
      "tickets=yes\n"
      "port 993 imaps key=r tls=ssl3 decline=alert pace=5s delay=250ms\n"
      "port 995 pop3s key=r tls=rc4 decline=close dates=expired\n");
  ASSERT_EQ(s.hosts.size(), 1U);
  EXPECT_EQ(s.hosts[0].address.ToString(), "fd00::7");
  const Service& ssh = s.hosts[0].services[0];
  EXPECT_EQ(ssh.noauth, std::chrono::seconds(16));
  EXPECT_EQ(ssh.overtime, std::chrono::milliseconds(1500));
  EXPECT_EQ(ssh.prelude, "one\r\n");
  EXPECT_EQ(ssh.unknown_keys, 20U);
  EXPECT_EQ(s.key_types.at("c"), KeyType::kEd25519);
  EXPECT_TRUE(s.hosts[0].services[1].old_refusal);
  EXPECT_EQ(s.hosts[0].services[2].keys.size(), 2U);
  EXPECT_EQ(s.hosts[0].services[3].raw, RawTls::kSsl3);
  EXPECT_EQ(s.hosts[0].services[3].tls_max, kSsl30);
  EXPECT_TRUE(Parsed(FormatScenario(s)) == s);
}

TEST(ScenarioFile, RefusesWhatCannotBeServed) {
  for (const char* port :
       {"port 443 https key=a,b", "port 443 https key=r,e,f", "port 443 https key=r,",
        "port 443 https key=e tls=ssl3", "port 443 https key=sk", "port 22 ssh keys=a ca=sk",
        "port 22 ssh keys=a chain=3", "port 443 https key=r noauth=3s",
        "port 443 https key=r behaviour=teaser", "port 22 ssh keys=a noauth=3",
        "port 22 ssh keys=a noauth=s", "port 22 ssh keys=a noauth=99999999999s",
        "port 443 https key=r chain=1001", "port 443 https key=r ocsp=maybe"}) {
    ErrorOf(std::string("key r type=rsa-2048\nkey sk type=sk-ed25519\nhost 127.1.0.1\n") + port +
            "\n");
  }
}

TEST(ScenarioFile, ReadsBackWhatItWrites) {
  CountryOptions options;
  options.hosts = 300;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    options.seed = seed;
    const Result<Scenario> made = CountryScenario(options);
    ASSERT_TRUE(made.ok());
    EXPECT_TRUE(Parsed(FormatScenario(*made)) == *made);
  }
  const Result<Scenario> paper = PaperScenario("NA-20180430");
  ASSERT_TRUE(paper.ok());
  EXPECT_TRUE(Parsed(FormatScenario(*paper)) == *paper);
}

}  // namespace
}  // namespace hark::lab

#include "analysis/scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/na_run_fixture.h"
#include "analysis/report.h"
#include "base/bytes.h"
#include "base/strings.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Address Host(uint32_t n) {
  return Address::V4(0x0a000000 + n);
}

std::string Blob(const std::string& type, const std::string& rest) {
  ByteWriter out;
  out.String32(type);
  if (type.substr(0, 5) == "ecdsa") out.String32(type.substr(type.find("nistp")));
  if (type == "ssh-rsa") out.String32(std::string("\x01\x00\x01", 3));
  out.String32(rest);
  return out.Take();
}

// An SSH port of the host with these blobs, each with its id among the keys.
void AddSsh(FakeRunReader& reader, const Address& address, const std::vector<std::string>& blobs) {
  proto::PortRow& row = reader.AddPort(address, 22, {});
  std::set<std::string> ids;
  for (const std::string& blob : blobs) {
    row.mutable_observation()->mutable_ssh()->add_keys()->set_blob(blob);
    ids.emplace(ReadSshKey(blob).id.bytes());
  }
  for (const std::string& id : ids) row.add_keys(id);
}

class ScopeTest : public ::testing::Test {
 protected:
  ScopeTest() {
    reader_->mutable_run().set_planned(10);
    for (const uint32_t port : {22, 443, 993}) reader_->mutable_run().add_ports(port);
  }

  proto::HostRow& AddHost(uint32_t n, uint32_t asn, const std::string& country,
                          proto::HostRow::Country in = proto::HostRow::IN) {
    proto::HostRow& row = reader_->AddHost(Host(n), asn, in);
    row.set_country(country);
    return row;
  }

  // What is left of the run.
  std::unique_ptr<RunReader> In(const Scope& scope) {
    Result<std::unique_ptr<RunReader>> scoped = Scoped(std::move(reader_), scope);
    EXPECT_TRUE(scoped.ok()) << scoped.status().message();
    return std::move(*scoped);
  }

  // Hosts of the scope as "1 3".
  static std::string HostsOf(const RunReader& reader) {
    std::vector<std::string> hosts;
    EXPECT_TRUE(reader
                    .ForEachHost([&](const Address& address, const proto::HostRow&) {
                      hosts.push_back(std::to_string(address.v4() & 0xff));
                      return Status::Ok();
                    })
                    .ok());
    return Join(hosts, " ");
  }

  // Both walks of keys, which must agree: "1:22 2:443".
  static std::string PlacesOf(const RunReader& reader, const std::string& key) {
    std::vector<std::string> by_key, by_port;
    const auto place = [](const Address& address, uint16_t port) {
      return StrCat(address.v4() & 0xff, ":", port);
    };
    const KeyId id = KeyNamed(key);
    EXPECT_TRUE(reader
                    .ForEachKeyUse([&](const KeyUse& use) {
                      if (use.key == id) by_key.push_back(place(use.address, use.port));
                      return Status::Ok();
                    })
                    .ok());
    EXPECT_TRUE(
        reader
            .ForEachPort([&](const Address& address, uint16_t port, const proto::PortRow& row) {
              for (const std::string& bytes : row.keys()) {
                if (bytes == id.bytes()) by_port.push_back(place(address, port));
              }
              return Status::Ok();
            })
            .ok());
    EXPECT_EQ(by_key, by_port);
    return Join(by_key, " ");
  }

  static RunReport ReportOf(const RunReader& reader) {
    Result<RunAnalysis> analysis = AnalyseRun(reader);
    EXPECT_TRUE(analysis.ok()) << analysis.status().message();
    return analysis.ok() ? analysis->report : RunReport();
  }

  std::unique_ptr<FakeRunReader> reader_ = std::make_unique<FakeRunReader>();
};

TEST_F(ScopeTest, AnEmptyScopeIsTheRunItself) {
  AddHost(1, 1, "IE");
  const RunReader* const before = reader_.get();
  EXPECT_EQ(In(Scope()).get(), before);
}

TEST_F(ScopeTest, KeepsTheHostsOfAnAsAndTheirKeys) {
  for (uint32_t n = 1; n <= 3; ++n) {
    AddHost(n, n == 2 ? 7 : 8, "IE");
    reader_->AddPort(Host(n), 443, {"shared"});
  }
  Scope scope;
  scope.asns = {8, 9};
  const auto scoped = In(scope);
  EXPECT_EQ(HostsOf(*scoped), "1 3");
  EXPECT_EQ(PlacesOf(*scoped, "shared"), "1:443 3:443");
  EXPECT_EQ(ReportOf(*scoped).clustered, 2U);
}

TEST_F(ScopeTest, HostsOfACountryAreAtHomeInItsScope) {
  AddHost(1, 1, "IE");
  AddHost(2, 1, "GB", proto::HostRow::OUT);
  AddHost(3, 1, "GB", proto::HostRow::OUT);
  AddHost(4, 1, "", proto::HostRow::UNKNOWN);
  for (uint32_t n = 1; n <= 4; ++n) reader_->AddPort(Host(n), 443, {"shared"});
  Scope scope;
  scope.countries = {"GB"};
  const RunReport report = ReportOf(*In(scope));
  EXPECT_EQ(report.in_country, 2U);
  EXPECT_EQ(report.out_of_country, 0U);
  EXPECT_EQ(report.clustered, 2U);
}

TEST_F(ScopeTest, KeepsThePrefixesOfBothFamilies) {
  const Address v6 = *Address::Parse("2001:db8::5");
  AddHost(1, 1, "IE");
  AddHost(2, 1, "IE");
  reader_->AddHost(v6);
  for (const Address& address : {Host(1), Host(2), v6}) reader_->AddPort(address, 443, {"k"});
  Scope scope;
  scope.prefixes = AddressSet({*ParseSpan("10.0.0.2/32"), *ParseSpan("2001:db8::/64")});
  const RunReport report = ReportOf(*In(scope));
  EXPECT_EQ(report.crypto, 2U);
  EXPECT_EQ(report.clustered, 2U);
}

TEST_F(ScopeTest, AHostWithoutTheScopesPortsIsAHostWithoutKeys) {
  reader_->mutable_run().set_gate_port(25);
  AddHost(1, 1, "IE");
  AddHost(2, 1, "IE");
  reader_->AddPort(Host(1), 443, {"shared"});
  reader_->AddPort(Host(1), 993, {"other"});
  reader_->AddPort(Host(2), 993, {"shared"});
  Scope scope;
  scope.ports = {443, 22};
  const auto scoped = In(scope);
  const RunReport report = ReportOf(*scoped);
  EXPECT_EQ(report.in_country, 2U);
  EXPECT_EQ(report.crypto, 1U);
  EXPECT_EQ(report.clustered, 0U);
  EXPECT_EQ(report.ports.size(), 2U);
  EXPECT_EQ(PlacesOf(*scoped, "other"), "");
}

TEST_F(ScopeTest, ATimeWindowBeginsWithItsFirstMomentAndEndsBeforeItsLast) {
  for (uint32_t n = 1; n <= 4; ++n) AddHost(n, 1, "IE").set_started_unix_ms(1000 * n);
  Scope scope;
  scope.since_unix_ms = 2000;
  scope.until_unix_ms = 4000;
  EXPECT_EQ(HostsOf(*In(scope)), "2 3");
}

TEST_F(ScopeTest, AVisitIsDatedByTheCoordinatorsClock) {
  AddHost(1, 1, "IE").set_started_unix_ms(1000);
  proto::HostRow& late = AddHost(2, 1, "IE");
  late.set_started_unix_ms(1000);
  late.set_clock_offset_ms(5000);
  Scope scope;
  scope.since_unix_ms = 2000;
  EXPECT_EQ(HostsOf(*In(scope)), "2");
}

TEST_F(ScopeTest, KeysOnAListJoinNothing) {
  for (uint32_t n = 1; n <= 3; ++n) AddHost(n, 1, "IE");
  reader_->AddPort(Host(1), 443, {"cdn", "own"});
  reader_->AddPort(Host(2), 443, {"cdn"});
  reader_->AddPort(Host(3), 993, {"own"});
  Scope scope;
  scope.without_keys.emplace().ids.insert(KeyNamed("cdn"));
  const auto scoped = In(scope);
  EXPECT_EQ(PlacesOf(*scoped, "cdn"), "");
  EXPECT_EQ(PlacesOf(*scoped, "own"), "1:443 3:993");
  const RunReport report = ReportOf(*scoped);
  EXPECT_EQ(report.crypto, 2U);
  EXPECT_EQ(report.no_crypto, 1U);
  EXPECT_EQ(report.clustered, 2U);
  EXPECT_EQ(report.unique_keys, 1U);
}

TEST_F(ScopeTest, OnlyKeysOnAListMayBeLookedAt) {
  AddHost(1, 1, "IE");
  reader_->AddPort(Host(1), 443, {"a", "b"});
  Scope scope;
  scope.only_keys.emplace().ids.insert(KeyNamed("b"));
  const auto scoped = In(scope);
  EXPECT_EQ(PlacesOf(*scoped, "a"), "");
  EXPECT_EQ(PlacesOf(*scoped, "b"), "1:443");
}

TEST_F(ScopeTest, ABlobOfAKeyOnAListGoesWithIt) {
  const std::string rsa = Blob("ssh-rsa", std::string(256, '\x71'));
  const std::string ed25519 = Blob("ssh-ed25519", std::string(32, '\x03'));
  AddHost(1, 1, "IE");
  AddSsh(*reader_, Host(1), {rsa, ed25519});
  Scope scope;
  scope.without_keys.emplace().fingerprints = {SshSha256Fingerprint(rsa)};
  size_t ports = 0;
  EXPECT_TRUE(In(scope)
                  ->ForEachPort([&](const Address&, uint16_t, const proto::PortRow& row) {
                    ++ports;
                    EXPECT_THAT(row.keys(), ElementsAre(ReadSshKey(ed25519).id.bytes()));
                    EXPECT_EQ(row.observation().ssh().keys_size(), 1);
                    EXPECT_EQ(row.observation().ssh().keys(0).blob(), ed25519);
                    return Status::Ok();
                  })
                  .ok());
  EXPECT_EQ(ports, 1U);
}

TEST_F(ScopeTest, OneSshKeyAHostIsTheOneThePapersGrabberAskedForFirst) {
  const std::string rsa = Blob("ssh-rsa", std::string(256, '\x71'));
  const std::string ecdsa = Blob("ecdsa-sha2-nistp384", "\x04 off the curve");
  const std::string ed25519 = Blob("ssh-ed25519", std::string(32, '\x03'));
  const std::string strange = Blob("ssh-strange", "x");
  AddHost(1, 1, "IE");
  AddHost(2, 1, "IE");
  AddHost(3, 1, "IE");
  AddSsh(*reader_, Host(1), {ed25519, rsa, ecdsa});
  AddSsh(*reader_, Host(2), {strange, ed25519, rsa});
  AddSsh(*reader_, Host(3), {strange});
  std::map<uint32_t, KeyId> first;
  Scope scope;
  scope.first_ssh_key = true;
  const auto scoped = In(scope);
  EXPECT_TRUE(scoped
                  ->ForEachKeyUse([&](const KeyUse& use) {
                    EXPECT_TRUE(first.emplace(use.address.v4() & 0xff, use.key).second);
                    return Status::Ok();
                  })
                  .ok());
  EXPECT_EQ(first[1], ReadSshKey(ecdsa).id);
  EXPECT_EQ(first[2], ReadSshKey(rsa).id);
  EXPECT_EQ(first[3], ReadSshKey(strange).id);
  EXPECT_THAT(ReportOf(*scoped).errors, IsEmpty());
}

TEST_F(ScopeTest, OneSshKeyAHostLeavesTheKeysOfOtherPortsAlone) {
  AddHost(1, 1, "IE");
  reader_->AddPort(Host(1), 22, {"a", "b"});
  reader_->AddPort(Host(1), 443, {"a", "b"});
  Scope scope;
  scope.first_ssh_key = true;
  const RunReport report = ReportOf(*In(scope));
  EXPECT_EQ(report.unique_keys, 2U);
  EXPECT_EQ(report.host_ports, 2U);
}

TEST_F(ScopeTest, ThePapersRunIsTheSameWithOneSshKeyAHost) {
  auto run = NaRunFixture::Build();
  Scope scope;
  scope.first_ssh_key = true;
  Result<std::unique_ptr<RunReader>> scoped = Scoped(std::move(run), scope);
  ASSERT_TRUE(scoped.ok());
  EXPECT_EQ(ReportOf(**scoped).clustered, 80U);
}

TEST_F(ScopeTest, TheLedgerStaysThatOfTheWholeRun) {
  auto run = NaRunFixture::Build();
  Scope scope;
  scope.asns = {2};
  scope.ports = {25};
  Result<std::unique_ptr<RunReader>> scoped = Scoped(std::move(run), scope);
  ASSERT_TRUE(scoped.ok());
  const RunReport report = ReportOf(**scoped);
  EXPECT_EQ(report.coverage.plan.planned, 482835U);
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_LT(report.listeners, 551U);
}

TEST_F(ScopeTest, AWalkFromAPlaceSeesTheSameScope) {
  for (uint32_t n = 1; n <= 4; ++n) {
    AddHost(n, n % 2, "IE");
    reader_->AddPort(Host(n), 443, {"k"});
  }
  Scope scope;
  scope.asns = {1};
  const auto scoped = In(scope);
  size_t hosts = 0, ports = 0, uses = 0;
  const auto count = [](size_t& n) { return ++n, Status::Ok(); };
  EXPECT_TRUE(
      scoped->ForEachHostFrom(Host(2), [&](const auto&, const auto&) { return count(hosts); })
          .ok());
  EXPECT_TRUE(
      scoped
          ->ForEachPortFrom(Host(3), 444,
                            [&](const auto&, uint16_t, const auto&) { return count(ports); })
          .ok());
  EXPECT_TRUE(scoped
                  ->ForEachKeyUseFrom({KeyNamed("k"), Host(3), 443},
                                      [&](const auto&) { return count(uses); })
                  .ok());
  EXPECT_EQ(hosts, 1U);
  EXPECT_EQ(ports, 0U);
  EXPECT_EQ(uses, 1U);
}

TEST(ScopeWordsTest, SaysEveryPart) {
  Scope scope;
  scope.asns = {64496, 64497};
  scope.countries = {"IE"};
  scope.prefixes = AddressSet({*ParseSpan("10.0.0.0/24")});
  scope.ports = {22};
  scope.since_unix_ms = 1'525'075'200'000;
  scope.first_ssh_key = true;
  scope.without_keys.emplace().ids.insert(KeyNamed("x"));
  EXPECT_EQ(Join(ScopeWords(scope), "; "),
            "AS64496, AS64497; in IE; addresses 10.0.0.0-10.0.0.255; port 22; visited since "
            "2018-04-30T08:00:00Z; one SSH key a host; without the 1 key on the list");
}

TEST(KeyListTest, ReadsEveryFormAndComments) {
  const std::string hex = KeyNamed("a").ToHex();
  const std::string text =
      StrCat("# known\n", hex, "  a CDN\n\n", AsciiUpper(hex), "\nSHA256:", std::string(43, 'x'),
             " # vendor\r\n", "MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:FF");
  const Result<KeyList> list = ParseKeyList(text);
  ASSERT_TRUE(list.ok()) << list.status().message();
  EXPECT_EQ(list->ids.size(), 1U);
  EXPECT_TRUE(list->ids.contains(KeyNamed("a")));
  EXPECT_EQ(list->fingerprints.size(), 2U);
  EXPECT_TRUE(list->fingerprints.contains("MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"));
}

TEST(KeyListTest, NamesTheLineThatIsNoKey) {
  for (const auto& bad :
       {std::string("nonsense"), std::string(63, 'a'), "SHA256:" + std::string(42, 'x'),
        "SHA256:" + std::string(43, '-'), std::string("MD5:00:11"), std::string(66, 'a')}) {
    const Result<KeyList> list = ParseKeyList("# one\n" + bad + "\n");
    ASSERT_FALSE(list.ok()) << bad;
    EXPECT_EQ(list.status().code(), StatusCode::kInvalidInput);
    EXPECT_EQ(list.status().message().substr(0, 8), "line 2: ");
  }
}

}  // namespace
}  // namespace hark

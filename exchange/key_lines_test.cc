#include "exchange/key_lines.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exchange/export_fixture.h"
#include "exchange/misp_writer.h"
#include "exchange/passive_ssh_writer.h"

namespace hark {
namespace {

using Json = nlohmann::json;

class KeyLinesTest : public ExportFixture {
 protected:
  KeyLinesTest() { FillRun(); }

  std::vector<ShownPort> OfRun() {
    std::vector<ShownPort> all;
    const auto reader = store_->ReadRun(kRun);
    EXPECT_TRUE(ForEachShown(**reader, [&](const ShownPort& shown) {
                  all.push_back(shown);
                  return Status::Ok();
                }).ok());
    return all;
  }

  std::vector<ShownPort> OfHistory(bool each_visit = false) {
    std::vector<ShownPort> all;
    EXPECT_TRUE(ForEachShown(*store_->ReadHistory(), {}, each_visit, [&](const ShownPort& shown) {
                  all.push_back(shown);
                  return Status::Ok();
                }).ok());
    return all;
  }

  void See(const std::string& host, uint16_t port, int day, std::vector<SightedFact> facts) {
    Sighting sighting{*HostId::Parse(host), port, kVisited + day * 86400, std::move(facts)};
    Commit([&](StoreWrite& write) { write.PutSighting(sighting); });
  }

  static ShownPort SshAt(const std::string& host, uint16_t port, const std::string& blob) {
    ShownPort shown;
    shown.host = *HostId::Parse(host);
    shown.port = port;
    shown.ssh = true;
    shown.last_unix_s = shown.first_unix_s = kVisited;
    ShownKey& key = shown.keys.emplace_back();
    key.blob = blob;
    key.type = ReadSshKey(blob).type;
    key.id = ReadSshKey(blob).id.bytes();
    key.last_unix_s = key.first_unix_s = kVisited;
    key.sightings = 1;
    return shown;
  }
};

TEST_F(KeyLinesTest, ARunShowsItsPortsWithTheBodiesOfKeysAndCertificates) {
  const std::vector<ShownPort> all = OfRun();
  ASSERT_EQ(all.size(), 5U);  // the refused one showed nothing
  EXPECT_EQ(all[0].host.ToString(), "192.0.2.1");
  EXPECT_TRUE(all[0].ssh);
  EXPECT_EQ(all[0].keys.size(), 2U);
  EXPECT_EQ(all[0].first_unix_s, kVisited);
  EXPECT_EQ(all[0].asn, 64496U);
  const ShownPort& mail = all[2];
  EXPECT_EQ(mail.port, 25);
  EXPECT_FALSE(mail.ssh);
  ASSERT_EQ(mail.certificates.size(), 1U);
  EXPECT_EQ(mail.certificates[0].der, leaf_.der);
  ASSERT_EQ(mail.keys.size(), 1U);
  EXPECT_EQ(mail.keys[0].type, "ecdsa-sha2-nistp256");
}

TEST_F(KeyLinesTest, KnownHostsHasTheKeysOfSshPortsUnderTheirHosts) {
  const std::string blob = Ed25519Blob("a");
  const std::string line = "ssh-ed25519 " + std::string("AAAAC3NzaC1lZDI1NTE5AAAA");
  EXPECT_EQ(KnownHostsLines(SshAt("192.0.2.1", 22, blob)).rfind("192.0.2.1 " + line, 0), 0U);
  EXPECT_EQ(KnownHostsLines(SshAt("2001:db8::1", 2222, blob)).rfind("[2001:db8::1]:2222 ", 0), 0U);
  EXPECT_EQ(KnownHostsLines(SshAt("|1|c2FsdA==|aGFzaA==", 22, blob)).rfind("|1|c2FsdA==|", 0), 0U);
}

TEST_F(KeyLinesTest, NamesThatMeanSomethingInKnownHostsAreLeftOut) {
  for (const std::string name : {"*", "a,b", "!a", "@cert-authority", "#a", "a?b", "[a]:1"}) {
    const auto host = HostId::Parse(name);
    if (!host) continue;
    EXPECT_EQ(KnownHostsLines(SshAt(name, 22, Ed25519Blob("a"))), "") << name;
    EXPECT_EQ(SshfpLines(SshAt(name, 22, Ed25519Blob("a"))), "") << name;
  }
  ShownPort odd = SshAt("192.0.2.1", 22, Ed25519Blob("a"));
  odd.keys[0].type = "ssh-x\n192.0.2.9 ssh-rsa";
  EXPECT_EQ(KnownHostsLines(odd), "");
}

TEST_F(KeyLinesTest, KnownHostsHasOnlyTheKeysOfTheLastVisit) {
  See("192.0.2.77", 22, 1, {KeyFactOfBlob(Ed25519Blob("old")), BannerFact("SSH-2.0-x")});
  See("192.0.2.77", 22, 2, {KeyFactOfBlob(Ed25519Blob("new")), BannerFact("SSH-2.0-x")});
  const std::vector<ShownPort> all = OfHistory();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].keys.size(), 2U);
  const std::vector<std::string> lines = Lines(KnownHostsLines(all[0]));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(Lines(CsvLines(all[0])).size(), 2U);
}

TEST_F(KeyLinesTest, SshfpHasTheNumbersOfTheRfcsAndSha256) {
  const std::string blob = Ed25519Blob("a");
  EXPECT_EQ(SshfpLines(SshAt("192.0.2.1", 22, blob)),
            "1.2.0.192.in-addr.arpa. IN SSHFP 4 2 " + HexEncode(Sha256(blob)) + "\n");
  EXPECT_EQ(SshfpLines(SshAt("host.example.org", 22, RsaBlob("r"))),
            "host.example.org. IN SSHFP 1 2 " + HexEncode(Sha256(RsaBlob("r"))) + "\n");
  EXPECT_EQ(SshfpLines(SshAt("2001:db8::1", 22, blob)).rfind("1.0.0.0.0.0.0.0.", 0), 0U);
  EXPECT_EQ(SshfpLines(SshAt("192.0.2.1", 2222, blob)), "");
}

TEST_F(KeyLinesTest, ACellOfCsvIsQuotedAndNeverAFormula) {
  EXPECT_EQ(CsvCell("plain"), "plain");
  EXPECT_EQ(CsvCell("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvCell("say \"x\""), "\"say \"\"x\"\"\"");
  EXPECT_EQ(CsvCell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
  EXPECT_EQ(CsvCell("@SUM(1,2)"), "\"'@SUM(1,2)\"");
  EXPECT_EQ(CsvCell("two\r\nlines\t"), "two\\x0d\\x0alines\\x09");
  EXPECT_EQ(CsvCell("+1"), "'+1");
  EXPECT_EQ(CsvCell("-1"), "'-1");
}

TEST_F(KeyLinesTest, EachLineOfCsvHasAsManyCellsAsTheHeading) {
  const auto commas = [](const std::string& line) {
    return std::count(line.begin(), line.end(), ',');
  };
  size_t lines = 0;
  for (const ShownPort& shown : OfRun()) {
    for (const std::string& line : Lines(CsvLines(shown))) {
      EXPECT_EQ(commas(line), commas(CsvHeading())) << line;
      ++lines;
    }
  }
  EXPECT_EQ(lines, 6U);
}

TEST_F(KeyLinesTest, AModulusIsWrittenOnceWithItsKey) {
  HashMemory written;
  std::string text;
  for (int i = 0; i < 2; ++i) {
    for (const ShownPort& shown : OfRun()) text += ModuliLines(shown, written);
  }
  const std::string id(ReadSshKey(RsaBlob("one")).id.bytes());
  ASSERT_EQ(Lines(text).size(), 1U);
  const size_t blank = text.find(' ');
  EXPECT_EQ(blank, 256U);  // 1024 bits
  EXPECT_EQ(text.substr(blank + 1), HexEncode(id) + "\n");
}

TEST_F(KeyLinesTest, APassiveSshRecordHasTheMembersItsIngesterNeeds) {
  const Json record = Json::parse(PassiveSshRecord(OfRun()[0]));
  EXPECT_EQ(record["ip"], "192.0.2.1");
  EXPECT_EQ(record["port"], 22);
  EXPECT_EQ(record["date"], "20231114");
  EXPECT_EQ(record["epoch"], kVisited);
  EXPECT_EQ(record["banner"], "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3");
  EXPECT_EQ(record["key_exchange"]["key"], Json({"rsa-sha2-512", "ssh-ed25519"}));
  EXPECT_EQ(record["key_exchange"]["encrypt"], Json({"aes128-ctr", "aes256-gcm@openssh.com"}));
  EXPECT_EQ(record["key_exchange"]["lang"], Json::array());
  EXPECT_EQ(record["hassh"].get<std::string>().size(), 32U);
  ASSERT_EQ(record["host_keys"].size(), 2U);
  const std::string fingerprint = record["host_keys"][0]["fingerprint"];
  EXPECT_EQ(fingerprint.size(), 47U);
  EXPECT_EQ(fingerprint[2], ':');
  const std::string base64 = record["host_keys"][0]["base64"];
  EXPECT_EQ(base64.rfind(record["host_keys"][0]["name"].get<std::string>() + " AAAA", 0), 0U);
}

TEST_F(KeyLinesTest, ThereIsAPassiveSshRecordForEveryVisitToAnSshPort) {
  See("192.0.2.77", 22, 1, {KeyFactOfBlob(Ed25519Blob("a")), BannerFact("SSH-2.0-x \xff\"")});
  See("192.0.2.77", 22, 2, {KeyFactOfBlob(Ed25519Blob("a")), BannerFact("SSH-2.0-x \xff\"")});
  See("abcdefghijklmnop.onion", 22, 2, {KeyFactOfBlob(Ed25519Blob("a"))});
  See("192.0.2.77", 443, 2, {CertificateFact(leaf_.der)});
  See("host.example.org", 22, 2, {KeyFactOfBlob(Ed25519Blob("a"))});
  std::vector<Json> records;
  for (const ShownPort& shown : OfHistory(true)) {
    const std::string record = PassiveSshRecord(shown);
    if (!record.empty()) records.push_back(Json::parse(record));
  }
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0]["epoch"], kVisited + 86400);
  EXPECT_EQ(records[1]["epoch"], kVisited + 2 * 86400);
  EXPECT_EQ(records[2]["onion"], "abcdefghijklmnop.onion");
  EXPECT_FALSE(records[2].contains("ip"));
}

TEST_F(KeyLinesTest, AMispEventHasAnObjectAPlaceAndACertificate) {
  std::string text;
  const TextSink sink = [&](std::string_view piece) {
    text += piece;
    return Status::Ok();
  };
  MispWriter writer({"hark run", kVisited}, sink);
  ASSERT_TRUE(writer.Begin().ok());
  for (const ShownPort& shown : OfRun()) ASSERT_TRUE(writer.Add(shown).ok());
  ASSERT_TRUE(writer.End().ok());
  const Json event = Json::parse(text)["Event"];
  EXPECT_EQ(event["uuid"], NameUuid("event|hark run"));
  ASSERT_EQ(event["Object"].size(), 4U);
  EXPECT_EQ(event["Object"][0]["name"], "passive-ssh");
  EXPECT_EQ(event["Object"][2]["name"], "x509");
  std::set<std::string> uuids;
  for (const Json& object : event["Object"]) {
    EXPECT_TRUE(uuids.insert(object["uuid"]).second);
    for (const Json& attribute : object["Attribute"]) {
      EXPECT_TRUE(uuids.insert(attribute["uuid"]).second) << attribute;
      EXPECT_FALSE(attribute["value"].get<std::string>().empty());
    }
  }
}

TEST_F(KeyLinesTest, NamesMakeUuidsOfVersionFive) {
  const std::string uuid = NameUuid("a");
  EXPECT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '5');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
  EXPECT_EQ(uuid, NameUuid("a"));
  EXPECT_NE(uuid, NameUuid("b"));
}

}  // namespace
}  // namespace hark

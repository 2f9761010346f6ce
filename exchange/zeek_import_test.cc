#include "exchange/zeek_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/random.h"
#include "base/testing/temp_directory.h"
#include "exchange/foreign_fixture.h"
#include "exchange/zeek_record.h"
#include "keys/certificate.h"
#include "keys/hassh.h"

namespace hark {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class CollectingSink final : public ImportSink {
 public:
  Status Add(ImportedHost host) override {
    hosts.push_back(std::move(host));
    return Status::Ok();
  }
  Status Reject(const RejectedLine& line) override {
    rejected.push_back(StrCat(line.line, ": ", line.reason));
    return Status::Ok();
  }
  Status Reached(uint64_t, uint64_t) override { return Status::Ok(); }

  std::vector<SightedFact> Facts(FactKind kind) const {
    std::vector<SightedFact> facts;
    for (const ImportedHost& host : hosts) {
      for (const SightedFact& fact : host.ports.front().facts) {
        if (fact.fact.kind == kind) facts.push_back(fact);
      }
    }
    return facts;
  }

  std::vector<ImportedHost> hosts;
  std::vector<std::string> rejected;
};

CollectingSink Import(const std::string& text, const std::string& path = "-") {
  ImportOptions options;
  options.path = path;
  const std::unique_ptr<LineImporter> importer = MakeZeekImporter(options);
  CollectingSink sink;
  uint64_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    EXPECT_TRUE(importer->Line(line, ++number, sink).ok());
  }
  EXPECT_TRUE(importer->End(sink).ok());
  return sink;
}

std::string Tabs(std::string text) {
  std::replace(text.begin(), text.end(), '|', '\t');
  return text;
}

constexpr const char* kHead =
    "#separator \\x09\n#set_separator|,\n#empty_field|(empty)\n"
    "#unset_field|-\n";

const std::string kSshLog = Tabs(StrCat(
    kHead, "#path|ssh\n#open|2025-01-01-00-00-00\n",
    "#fields|ts|uid|id.orig_h|id.orig_p|id.resp_h|id.resp_p|version|server|kex_alg|host_key|",
    "hasshServer|sshka|hasshServerAlgorithms\n",
    "#types|time|string|addr|port|addr|port|count|string|string|string|string|string|string\n",
    "1735689600.25|C1|198.51.100.1|40000|192.0.2.10|22|2|SSH-2.0-OpenSSH_9.2p1 \\x44ebian|",
    "curve25519-sha256|-|-|rsa-sha2-512,ssh-ed25519|curve25519-sha256;aes128-ctr;hmac-sha2-256;"
    "none\n",
    "1735689601.5|C2|198.51.100.1|40001|2001:db8::1|2222|2|SSH-2.0-dropbear|-|",
    "8f:f9:a3:31:32:ff:ee:4a:dd:f5:16:91:ec:e0:28:c4|-|-|-\n", "#close|2025-01-01-01-00-00"));

TEST(ZeekImport, ReadsTheServersOfAnSshLog) {
  const CollectingSink sink = Import(kSshLog);
  ASSERT_EQ(sink.hosts.size(), 2U);
  EXPECT_EQ(sink.hosts[0].host.ToString(), "192.0.2.10") << "the one that answered";
  EXPECT_EQ(sink.hosts[0].unix_ms, 1735689600000);
  EXPECT_EQ(sink.hosts[0].ports.front().observation.port(), 22U);
  EXPECT_TRUE(sink.hosts[0].ports.front().only_facts);
  EXPECT_EQ(sink.Facts(FactKind::kBanner)[0].body, "SSH-2.0-OpenSSH_9.2p1 Debian");
  EXPECT_EQ(sink.hosts[1].ports.front().observation.port(), 2222U);
  proto::AlgorithmsRow row;
  ASSERT_THAT(sink.Facts(FactKind::kAlgorithms), SizeIs(1));
  ASSERT_TRUE(row.ParseFromString(sink.Facts(FactKind::kAlgorithms)[0].body));
  EXPECT_EQ(row.hassh(), HasshServer("curve25519-sha256", "aes128-ctr", "hmac-sha2-256", "none"));
  EXPECT_EQ(row.passive_ssh_hassh(),
            PassiveSshHassh("rsa-sha2-512,ssh-ed25519", "aes128-ctr", "hmac-sha2-256", "none"));
  EXPECT_EQ(row.lists().kex_algorithms(), "curve25519-sha256");
  EXPECT_THAT(sink.rejected, ElementsAre("10: host_key: an MD5, of which no key can be made"));
}

TEST(ZeekImport, ReadsColumnsInAnyOrderAndWithAnotherHeaderLater) {
  const std::string log = Tabs(StrCat(
      kHead, "#path|ssh\n#fields|server|id.resp_p|ts|id.resp_h\n#types|string|port|time|addr\n",
      "SSH-2.0-a|22|1735689600|192.0.2.1\n", "#unset_field|(none)\n",
      "#fields|id.resp_h|server|ts|id.resp_p\n", "192.0.2.2|(none)|1735689600|22\n",
      "192.0.2.3|-|1735689600|22"));
  const CollectingSink sink = Import(log);
  ASSERT_EQ(sink.hosts.size(), 2U);
  EXPECT_EQ(sink.hosts[1].host.ToString(), "192.0.2.3");
  EXPECT_EQ(sink.Facts(FactKind::kBanner)[1].body, "-");
}

TEST(ZeekImport, GoesOnBehindAHeaderThatWasPassed) {
  ImportOptions options;
  const std::unique_ptr<LineImporter> importer = MakeZeekImporter(options);
  CollectingSink sink;
  std::vector<std::string_view> lines = Split(kSshLog, '\n');
  for (size_t i = 0; i < 9; ++i) importer->Passed(lines[i], i + 1);
  ASSERT_TRUE(importer->Line(lines[9], 10, sink).ok());
  ASSERT_EQ(sink.hosts.size(), 1U);
  EXPECT_EQ(sink.hosts[0].host.ToString(), "2001:db8::1");
}

TEST(ZeekImport, ReadsJsonLinesWithTimesInEveryForm) {
  for (const char* ts : {"1735689600.25", "1735689600250", R"("2025-01-01T00:00:00.250Z")",
                         R"("2025-01-01T00:00:00.250000Z")"}) {
    const CollectingSink sink =
        Import(StrCat(R"({"ts":)", ts, R"(,"uid":"C1","id.orig_h":"198.51.100.1","id.orig_p":4,)",
                      R"("id.resp_h":"192.0.2.10","id.resp_p":22,"version":2,"auth_attempts":0,)",
                      R"("server":"SSH-2.0-x","hasshServer":"0123456789abcdef0123456789ABCDEF"})"));
    ASSERT_EQ(sink.hosts.size(), 1U) << ts;
    EXPECT_EQ(sink.hosts[0].unix_ms, 1735689600000) << ts;
    proto::AlgorithmsRow row;
    ASSERT_THAT(sink.Facts(FactKind::kAlgorithms), SizeIs(1));
    ASSERT_TRUE(row.ParseFromString(sink.Facts(FactKind::kAlgorithms)[0].body));
    EXPECT_EQ(row.hassh(), "0123456789abcdef0123456789abcdef");
    EXPECT_THAT(sink.rejected, IsEmpty());
  }
}

// An entry of ssl.log with these fields.
CollectingSink ImportSsl(const std::string& fields, const std::string& path = "-") {
  return Import(
      StrCat(R"({"_path":"ssl","ts":1735689600,"id.resp_h":"192.0.2.10","id.resp_p":443,)", fields,
             "}"),
      path);
}

TEST(ZeekImport, ReadsVersionSuiteAndGroupOfAnSslLog) {
  const std::pair<const char*, SightedFact> cases[] = {
      {R"("version":"TLSv12","cipher":"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256","curve":"secp256r1")",
       TlsFact(0x0303, 0xc02f, "secp256r1")},
      {R"("version":"TLSv13","cipher":"TLS_AES_256_GCM_SHA384","curve":"x25519")",
       TlsFact(0x0304, 0x1302, "x25519")},
      {R"("version":"SSLv3","cipher":"TLS_RSA_WITH_RC4_128_SHA")", TlsFact(0x0300, 0x0005, "")},
      {R"("version":"TLSv10","cipher":"TLS_RSA_WITH_AES_128_CBC_SHA","curve":"two words")",
       TlsFact(0x0301, 0x002f, "")}};
  for (const auto& [fields, fact] : cases) {
    const CollectingSink sink = ImportSsl(fields);
    ASSERT_THAT(sink.Facts(FactKind::kTls), SizeIs(1)) << fields;
    EXPECT_EQ(sink.Facts(FactKind::kTls)[0].fact, fact.fact) << fields;
    EXPECT_THAT(sink.rejected, IsEmpty());
  }
}

TEST(ZeekImport, TellsWhyAnSslEntryIsNoSighting) {
  EXPECT_THAT(ImportSsl(R"("version":"DTLSv12","cipher":"TLS_AES_256_GCM_SHA384")").rejected,
              ElementsAre("1: version: not one of TLS over TCP"));
  EXPECT_THAT(ImportSsl(R"("version":"TLSv12","cipher":"unknown-4866")").rejected,
              ElementsAre("1: cipher: an unknown name"));
  EXPECT_THAT(ImportSsl(R"("cert_chain_fuids":["FabcD"])").rejected,
              ElementsAre("1: certificate: no x509.log beside tells which it is"));
  EXPECT_THAT(ImportSsl(R"("established":false)").hosts, IsEmpty());
  EXPECT_THAT(Import(R"({"ts":1,"id.resp_h":"x","id.resp_p":443,"cipher":"y"})").rejected,
              ElementsAre("1: id.resp_h: no address"));
  EXPECT_THAT(Import(R"({"ts":1,"id.resp_h":"192.0.2.1","id.resp_p":0,"cipher":"y"})").rejected,
              ElementsAre("1: id.resp_p: no port"));
  EXPECT_THAT(Import(R"({"ts":-1,"id.resp_h":"192.0.2.1","id.resp_p":4,"cipher":"y"})").rejected,
              ElementsAre("1: ts: no time"));
  EXPECT_THAT(Import(R"({"ts":1,"host":"192.0.2.1"})").rejected,
              ElementsAre("1: an entry of another log"));
}

TEST(ZeekImport, TakesTheLeafsFingerprint) {
  const std::string hash(32, '\x5a');
  const CollectingSink sink =
      ImportSsl(StrCat(R"("cert_chain_fps":[")", AsciiUpper(HexEncode(hash)), R"(","00"])"));
  ASSERT_THAT(sink.Facts(FactKind::kCertificate), SizeIs(1));
  EXPECT_EQ(sink.Facts(FactKind::kCertificate)[0].sha256, hash);
  EXPECT_EQ(sink.Facts(FactKind::kCertificate)[0].body, "");
}

TEST(ZeekImport, FindsCertificatesInTheX509LogBeside) {
  const TempDirectory folder;
  const std::string der = "no certificate, but a body";
  const std::string hash(32, '\x77');
  std::ofstream(folder / "x509.log")
      << R"({"_path":"x509","ts":1,"id":"Fold","fingerprint":")" << HexEncode(hash) << "\"}\n"
      << R"({"_path":"x509","ts":1,"id":"Fbody","cert":")" << Base64(der) << "\"}\n"
      << R"({"_path":"x509","ts":1,"id":"Fliar","fingerprint":")" << HexEncode(hash)
      << R"(","cert":")" << Base64(der) << "\"}\n";
  const std::string path = folder / "ssl.log";
  const CollectingSink by_id = ImportSsl(R"("cert_chain_fuids":["Fold","Fbody"])", path);
  ASSERT_THAT(by_id.Facts(FactKind::kCertificate), SizeIs(1));
  EXPECT_EQ(by_id.Facts(FactKind::kCertificate)[0].sha256, hash);
  const CollectingSink body = ImportSsl(R"("cert_chain_fuids":["Fbody"])", path);
  EXPECT_EQ(body.Facts(FactKind::kCertificate)[0].body, der);
  const CollectingSink by_hash =
      ImportSsl(StrCat(R"("cert_chain_fps":[")", HexEncode(Sha256(der)), "\"]"), path);
  EXPECT_EQ(by_hash.Facts(FactKind::kCertificate)[0].body, der);
  const CollectingSink liar = ImportSsl(R"("cert_chain_fuids":["Fliar"])", path);
  ASSERT_THAT(liar.Facts(FactKind::kCertificate), SizeIs(1));
  EXPECT_EQ(liar.Facts(FactKind::kCertificate)[0].sha256, hash);
  EXPECT_EQ(liar.Facts(FactKind::kCertificate)[0].body, "") << "the body is another one's";
}

TEST(ZeekImport, KnowsTheNameOfTheX509LogOfTheSameRotation) {
  EXPECT_EQ(X509LogBeside("/logs/ssl/ssl.12:00:00-13:00:00.log.gz"),
            "/logs/ssl/x509.12:00:00-13:00:00.log.gz");
  EXPECT_EQ(X509LogBeside("ssl.log"), "x509.log");
  EXPECT_EQ(X509LogBeside("ssl/conn.log"), "");
  EXPECT_EQ(X509LogBeside("-"), "");
}

TEST(ZeekCertificates, ForgetTheOldestWhenThereIsNoRoom) {
  ZeekCertificates certificates(3000);
  ZeekLogReader reader;
  std::string fault;
  for (int i = 0; i < 100; ++i) {
    const auto entry = reader.Read(StrCat(R"({"_path":"x509","id":"F)", i, R"(","fingerprint":")",
                                          HexEncode(std::string(32, static_cast<char>(i))), "\"}"),
                                   &fault);
    certificates.Add(*entry);
  }
  EXPECT_EQ(certificates.Find("F0"), nullptr);
  EXPECT_NE(certificates.Find("F99"), nullptr);
}

TEST(ZeekImport, IsGuessedByItsFirstLines) {
  const std::vector<std::string_view> lines = Split(kSshLog, '\n');
  EXPECT_GT(GuessZeek(lines), 0);
  EXPECT_GT(GuessZeek({R"({"ts":1.5,"id.resp_h":"192.0.2.1","cipher":"x"})"}), 0);
  EXPECT_EQ(GuessZeek({R"({"ip":"192.0.2.1","host_keys":[]})", "", "host ssh-ed25519 AAAA"}), 0);
}

TEST(ZeekImport, RejectsLinesThatAreNotAsTheHeaderSays) {
  EXPECT_THAT(Import("a\tb").rejected, ElementsAre("1: no #fields before it"));
  EXPECT_THAT(Import("#fields\tts\tx\n1").rejected,
              ElementsAre("2: not as many columns as #fields names"));
  EXPECT_THAT(Import("{").rejected, ElementsAre("1: not a JSON object"));
}

TEST(ZeekImport, SurvivesEveryTruncationAndManyMutations) {
  Random random(11);
  const std::string json =
      R"({"_path":"ssl","ts":1735689600,"id.resp_h":"192.0.2.10","id.resp_p":443,)"
      R"("version":"TLSv13","cipher":"TLS_AES_256_GCM_SHA384","cert_chain_fps":["00"]})";
  for (int i = 0; i < 300; ++i) {
    std::string log = kSshLog + "\n" + json;
    if (random.Below(2) == 0) log.resize(random.Below(log.size()));
    for (uint64_t n = random.Below(6); n > 0 && !log.empty(); --n) {
      log[random.Below(log.size())] = static_cast<char>(random.Next());
    }
    for (const ImportedHost& host : Import(log).hosts) {
      EXPECT_TRUE(host.host.is_address());
      EXPECT_NE(host.ports.front().observation.port(), 0U);
    }
  }
}

}  // namespace
}  // namespace hark

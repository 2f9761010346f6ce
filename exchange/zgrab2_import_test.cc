#include "exchange/zgrab2_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "exchange/import_fixture.h"
#include "exchange/imported_key.h"
#include "keys/hassh.h"

namespace hark {
namespace {

using json = nlohmann::ordered_json;
using ::testing::ElementsAre;

class Zgrab2ImportTest : public ::testing::Test {
 protected:
  static const GrabMaker& make() {
    static const GrabMaker* const maker = new GrabMaker();
    return *maker;
  }
  // The one host of a record.
  static ImportedHost Read(const json& record, const ImportOptions& options = {}) {
    RecordingSink sink = ImportText("zgrab2", record.dump(), options);
    EXPECT_EQ(sink.hosts.size(), 1U);
    for (const RejectedLine& line : sink.rejected) ADD_FAILURE() << line.reason;
    return sink.hosts.empty() ? ImportedHost() : sink.hosts[0];
  }
  static std::string ReasonOf(const std::string& line) {
    RecordingSink sink = ImportText("zgrab2", line);
    EXPECT_TRUE(sink.hosts.empty());
    return sink.rejected.size() == 1 ? sink.rejected[0].reason : "not rejected";
  }
  static std::string EndOfOne(const std::string& module, const json& result,
                              const std::string& status, const std::string& error = "") {
    json grab = GrabMaker::Grab(module, result, status);
    if (!error.empty()) grab["error"] = error;
    const ImportedHost host = Read(GrabMaker::Zgrab2("192.0.2.1", {{module, grab}}));
    return host.ports.empty() ? "no port" : EndOf(host.ports[0]);
  }
};

TEST_F(Zgrab2ImportTest, ReadsKeysListsAndCertificatesOfAHost) {
  const ImportedHost host = Read(make().WholeHost("192.0.2.1"));
  EXPECT_EQ(host.host.ToString(), "192.0.2.1");
  EXPECT_EQ(host.unix_ms, 1748779205000);
  ASSERT_EQ(host.ports.size(), 3U);
  const proto::PortObservation& ssh = PortOf(host, 22)->observation;
  EXPECT_EQ(ssh.ssh().identification(), "SSH-2.0-OpenSSH_9.2p1");
  ASSERT_EQ(ssh.ssh().keys_size(), 1);
  EXPECT_EQ(ssh.ssh().keys(0).blob(), make().ed25519);
  EXPECT_EQ(ssh.ssh().kex_init().kex_algorithms(), "curve25519-sha256,ecdh-sha2-nistp256");
  EXPECT_EQ(ssh.ssh().kex_init().mac_server_to_client(), "hmac-sha2-512");
  EXPECT_EQ(ssh.ssh().hassh_server(),
            HasshServer("curve25519-sha256,ecdh-sha2-nistp256", "aes256-ctr", "hmac-sha2-512",
                        "none,zlib@openssh.com"));
  EXPECT_EQ(EndOf(*PortOf(host, 22)), "ok at done");
  const proto::PortObservation& tls = PortOf(host, 443)->observation;
  EXPECT_EQ(tls.protocol(), static_cast<uint32_t>(Protocol::kHttps));
  EXPECT_EQ(tls.tls().version(), 0x0303U);
  EXPECT_EQ(tls.tls().cipher_suite(), 0xc02bU);
  EXPECT_EQ(tls.tls().group(), "x25519");
  EXPECT_TRUE(tls.tls().session_ticket());
  EXPECT_THAT(tls.tls().chain(), ElementsAre(make().der, make().der));
  EXPECT_TRUE(PortOf(host, 443)->key_ids.empty());
  const proto::PortObservation& mail = PortOf(host, 25)->observation;
  EXPECT_EQ(mail.protocol(), static_cast<uint32_t>(Protocol::kSmtp));
  EXPECT_EQ(mail.greeting(), "220 mx.example.org ESMTP\r\n");
  EXPECT_TRUE(mail.mail().starttls_offered());
  EXPECT_EQ(mail.tls().chain(0), make().der);
}

TEST_F(Zgrab2ImportTest, TakesTheFingerprintWhereTheBodyIsMissing) {
  json log = make().TlsLog();
  json& certificates = log["handshake_log"]["server_certificates"];
  certificates["certificate"].erase("raw");
  json ssh = make().SshResult();
  ssh["key_exchange"]["server_host_key"].erase("raw");
  const ImportedHost host = Read(GrabMaker::Zgrab2(
      "192.0.2.1", {{"tls", GrabMaker::Grab("tls", log)}, {"ssh", GrabMaker::Grab("ssh", ssh)}}));
  const ImportedPort& tls = *PortOf(host, 443);
  EXPECT_THAT(tls.key_ids, ElementsAre(Sha256(make().spki)));
  ASSERT_EQ(tls.facts.size(), 1U);
  EXPECT_EQ(tls.facts[0].sha256, Sha256(make().der));
  EXPECT_EQ(tls.observation.tls().chain_size(), 0) << "a chain without its leaf is none";
  EXPECT_THAT(PortOf(host, 22)->key_ids, ElementsAre(ImportedSshKeyId(Sha256(make().ed25519))));
  EXPECT_EQ(EndOf(tls), "ok at done");
}

TEST_F(Zgrab2ImportTest, PutsAKeyTogetherOfItsNumbersIfTheFingerprintAgrees) {
  ByteReader rsa(make().rsa);
  rsa.String32(100);
  const std::string exponent(rsa.String32(100)), modulus(rsa.String32(1000));
  EXPECT_EQ(exponent, std::string("\x01\0\x01", 3));
  ByteReader ecdsa(make().ecdsa);
  ecdsa.String32(100);
  ecdsa.String32(100);
  const std::string point(ecdsa.String32(1000));
  struct Row {
    std::string blob, type;
    json numbers;
  };
  const Row rows[] = {
      {make().rsa,
       "ssh-rsa",
       {{"rsa_public_key", {{"exponent", 65537}, {"modulus", EncodeBase64(modulus)}}}}},
      {make().ed25519,
       "ssh-ed25519",
       {{"ed25519_public_key",
         {{"public_bytes", EncodeBase64(make().ed25519.substr(make().ed25519.size() - 32))}}}}},
      {make().ecdsa,
       "ecdsa-sha2-nistp384",
       {{"ecdsa_public_key",
         {{"x", EncodeBase64(point.substr(1, 48))}, {"y", EncodeBase64(point.substr(49))}}}}}};
  for (const Row& row : rows) {
    json key = row.numbers;
    key["algorithm"] = row.type;
    key["fingerprint_sha256"] = HexEncode(Sha256(row.blob));
    json ssh = make().SshResult();
    ssh["key_exchange"]["server_host_key"] = key;
    const auto read = [&] {
      return Read(GrabMaker::Zgrab2("192.0.2.1", {{"ssh", GrabMaker::Grab("ssh", ssh)}}));
    };
    const ImportedHost host = read();
    ASSERT_EQ(host.ports[0].observation.ssh().keys_size(), 1) << row.type;
    EXPECT_EQ(host.ports[0].observation.ssh().keys(0).blob(), row.blob);
    const std::string other = Sha256("another key");
    ssh["key_exchange"]["server_host_key"]["fingerprint_sha256"] = HexEncode(other);
    const ImportedHost differs = read();
    EXPECT_EQ(differs.ports[0].observation.ssh().keys_size(), 0);
    EXPECT_THAT(differs.ports[0].key_ids, ElementsAre(ImportedSshKeyId(other)));
  }
}

TEST_F(Zgrab2ImportTest, ABlobThatIsNotItsFingerprintsIsNotBelieved) {
  json ssh = make().SshResult();
  ssh["key_exchange"]["server_host_key"]["raw"] = EncodeBase64(make().rsa);
  const ImportedHost host =
      Read(GrabMaker::Zgrab2("192.0.2.1", {{"ssh", GrabMaker::Grab("ssh", ssh)}}));
  EXPECT_EQ(host.ports[0].observation.ssh().keys_size(), 0);
  EXPECT_THAT(host.ports[0].key_ids, ElementsAre(ImportedSshKeyId(Sha256(make().ed25519))));
}

TEST_F(Zgrab2ImportTest, FindsThePort) {
  const json grab = GrabMaker::Grab("tls", make().TlsLog());
  const auto port = [&](const std::string& key, json response, const ImportOptions& options = {},
                        uint64_t of_record = 0) {
    json record = GrabMaker::Zgrab2("192.0.2.1", {{key, std::move(response)}});
    if (of_record != 0) record["port"] = of_record;
    return Read(record, options).ports.at(0).observation.port();
  };
  EXPECT_EQ(port("tls", grab), 443U);
  EXPECT_EQ(port("tls-8443", grab), 8443U);
  EXPECT_EQ(port("tls993", grab), 993U);
  json told = grab;
  told["port"] = 9443;
  EXPECT_EQ(port("tls-8443", told), 9443U);
  EXPECT_EQ(port("tls", grab, {}, 10443), 10443U);
  EXPECT_EQ(port("tls", told, WithPort("tls", 11443)), 11443U);
  EXPECT_EQ(port("tls-8443", told, WithPort("tls-8443", 12443)), 12443U);
  told["port"] = 70000;
  EXPECT_EQ(port("tls", told), 443U);
  EXPECT_EQ(port("pop3", GrabMaker::Grab("pop3", make().Mail())), 110U);
  EXPECT_EQ(port("pop3-995", GrabMaker::Grab("pop3", make().Mail())), 995U);
  json smtps = make().Mail();
  smtps.erase("starttls");
  smtps["implicit_tls"] = true;
  const ImportedHost host =
      Read(GrabMaker::Zgrab2("192.0.2.1", {{"smtp", GrabMaker::Grab("smtp", smtps)}}));
  EXPECT_EQ(host.ports[0].observation.port(), 465U);
  EXPECT_EQ(host.ports[0].observation.protocol(), static_cast<uint32_t>(Protocol::kSmtps));
}

TEST_F(Zgrab2ImportTest, OfRedirectsTheFirstAnswerIsTheHosts) {
  const json own = {
      {"status_line", "302 Found"},
      {"protocol", {{"name", "HTTP/1.1"}}},
      {"headers", {{"location", {"https://other.example/"}}, {"content_type", {"text/html"}}}},
      {"request", {{"tls_log", make().TlsLog()}}}};
  json other = own;
  other["status_line"] = "200 OK";
  other["request"].erase("tls_log");
  const ImportedHost host = Read(GrabMaker::Zgrab2(
      "192.0.2.1", {{"http", GrabMaker::Grab("http", {{"response", other},
                                                      {"redirect_response_chain", {own}}})}}));
  const proto::PortObservation& seen = PortOf(host, 443)->observation;
  EXPECT_EQ(seen.http().status_line(), "HTTP/1.1 302 Found");
  EXPECT_EQ(seen.http().headers(),
            "location: https://other.example/\r\ncontent-type: text/html\r\n");
  EXPECT_EQ(seen.tls().chain(0), make().der);
}

TEST_F(Zgrab2ImportTest, TwoModulesOfOnePortAreOnePort) {
  const json http = {{"response",
                      {{"status_line", "200 OK"},
                       {"protocol", {{"name", "HTTP/1.1"}}},
                       {"request", {{"tls_log", make().TlsLog()}}}}}};
  const ImportedHost host =
      Read(GrabMaker::Zgrab2("192.0.2.1", {{"tls", GrabMaker::Grab("tls", make().TlsLog())},
                                           {"http", GrabMaker::Grab("http", http)}}));
  ASSERT_EQ(host.ports.size(), 1U);
  EXPECT_EQ(host.ports[0].observation.http().status_line(), "HTTP/1.1 200 OK");
  EXPECT_EQ(host.ports[0].observation.tls().chain_size(), 2);
}

TEST_F(Zgrab2ImportTest, TellsHowGrabsEnded) {
  const json none = json::object();
  EXPECT_EQ(EndOfOne("ssh", none, "connection-timeout", "dial tcp 192.0.2.1:22: i/o timeout"),
            "silent at connect");
  EXPECT_EQ(EndOfOne("ssh", none, "connection-timeout",
                     "dial tcp 192.0.2.1:22: connect: connection refused"),
            "refused at connect");
  EXPECT_EQ(EndOfOne("ssh", none, "connection-refused"), "refused at connect");
  EXPECT_EQ(EndOfOne("tls", none, "connection-timeout", "dial tcp: connect: no route to host"),
            "unreachable at connect");
  EXPECT_EQ(EndOfOne("ssh", none, "io-timeout", "EOF"), "closed at greeting");
  EXPECT_EQ(EndOfOne("ssh", none, "io-timeout", "read tcp: i/o timeout"), "silent at greeting");
  EXPECT_EQ(EndOfOne("tls", none, "io-timeout", "read: connection reset by peer"),
            "reset at hello");
  EXPECT_EQ(EndOfOne("smtp", none, "protocol-error"), "not-this-protocol at greeting");
  EXPECT_EQ(EndOfOne("ssh", none, "unknown-error"), "local-error at connect");
  json mail = make().Mail();
  mail.erase("tls");
  mail["starttls"] = "454 TLS not available\r\n";
  EXPECT_EQ(EndOfOne("smtp", mail, "application-error"), "starttls-refused at starttls");
  mail["starttls"] = "220 go\r\n";
  EXPECT_EQ(EndOfOne("smtp", mail, "handshake-error", "EOF"), "closed at hello");
  json hello = make().TlsLog();
  hello["handshake_log"].erase("server_certificates");
  EXPECT_EQ(EndOfOne("tls", hello, "handshake-error", "EOF"), "closed at key-exchange");
  EXPECT_EQ(EndOfOne("tls", none, "handshake-error", "remote error: tls: handshake failure"),
            "tls-alert at hello");
}

TEST_F(Zgrab2ImportTest, SaysWhyARecordIsOfNoUse) {
  const std::string good = make().WholeHost("192.0.2.1").dump();
  EXPECT_THAT(ReasonOf(good.substr(0, good.size() / 2)), ::testing::HasSubstr("no JSON"));
  EXPECT_EQ(ReasonOf("[1]"), "no JSON object");
  EXPECT_EQ(ReasonOf("{}"), "no ip or domain");
  EXPECT_EQ(ReasonOf(R"({"ip":"192.0.2.256","data":{}})"), "ip is no address");
  EXPECT_EQ(ReasonOf(R"({"ip":"192.0.2.1"})"), "no data");
  EXPECT_EQ(ReasonOf(R"({"ip":"192.0.2.1","data":[]})"), "no data");
  EXPECT_EQ(ReasonOf(R"({"ip":"192.0.2.1","data":{"ftp":{"status":"success"}}})"),
            "no module that is known");
  EXPECT_EQ(ReasonOf(R"({"ip":"192.0.2.1","data":{"ssh":{"status":"blocklisted-target"}}})"),
            "nobody was asked");
  EXPECT_EQ(ReasonOf(R"({"ip":"192.0.2.1","data":{"ssh":{}}})"), "no status");
  EXPECT_EQ(ReasonOf(R"({"ip":"192.0.2.1","data":{"ssh":{"status":"success"}}})"),
            "no timestamp; --at gives one");
  EXPECT_THAT(ReasonOf("{\"ip\":\"\xff\xfe\"}"), ::testing::HasSubstr("UTF-8"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_THAT(ReasonOf(deep), ::testing::HasSubstr("no JSON"));
}

TEST_F(Zgrab2ImportTest, GoesOnAfterBadLinesAndTellsTheirNumbers) {
  const std::string good = make().WholeHost("192.0.2.1").dump();
  const std::string again = make().WholeHost("192.0.2.2").dump();
  const RecordingSink sink = ImportText("zgrab2", good + "\nrubbish\n\n" + again + "\r\n{");
  EXPECT_EQ(sink.hosts.size(), 2U);
  ASSERT_EQ(sink.rejected.size(), 2U);
  EXPECT_EQ(sink.rejected[0].line, 2U);
  EXPECT_EQ(sink.rejected[0].text, "rubbish");
  EXPECT_EQ(sink.rejected[1].line, 5U);
  EXPECT_EQ(sink.places.size(), 5U);
}

TEST_F(Zgrab2ImportTest, KnowsItsOwnRecords) {
  const std::string line = make().WholeHost("192.0.2.1").dump();
  EXPECT_EQ(GuessImportFormat({line})->name, "zgrab2");
  EXPECT_EQ(GuessImportFormat({make().SurveysHost("192.0.2.1").dump()})->name, "surveys");
  EXPECT_EQ(GuessImportFormat({make().CensysHost("192.0.2.1").dump()})->name, "censys");
  EXPECT_EQ(GuessImportFormat({"rubbish", ""}), nullptr);
}

TEST_F(Zgrab2ImportTest, TakesANameWhereNoAddressIs) {
  json record = make().WholeHost("192.0.2.1");
  record["domain"] = "Host.Example.ORG";
  EXPECT_THAT(Read(record).names, ElementsAre("host.example.org"));
  record.erase("ip");
  EXPECT_EQ(Read(record).host.name(), "host.example.org");
}

}  // namespace
}  // namespace hark

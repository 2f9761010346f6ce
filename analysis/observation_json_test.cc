#include "analysis/observation_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analysis/json_text.h"
#include "analysis/tls_alerts.h"
#include "analysis/tls_json.h"
#include "base/address.h"
#include "base/outcome.h"
#include "base/random.h"
#include "base/strings.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

// The Ed25519 key of RFC 8709's encoding with a public key of 32 bytes 'k'.
std::string Ed25519Blob() {
  return std::string("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19) + std::string(32, 'k');
}

proto::PortObservation SshObservation() {
  proto::PortObservation seen;
  seen.set_port(22);
  seen.set_protocol(static_cast<uint32_t>(Protocol::kSsh));
  seen.set_stage(static_cast<uint32_t>(Stage::kDone));
  proto::SshFacts& ssh = *seen.mutable_ssh();
  ssh.set_identification("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3");
  ssh.mutable_kex_init()->set_kex_algorithms("curve25519-sha256,kex-strict-s");
  proto::SshHostKey& key = *ssh.add_keys();
  key.set_algorithm("ssh-ed25519");
  key.set_blob(Ed25519Blob());
  key.set_proof(static_cast<uint32_t>(Proof::kVerified));
  key.set_signature_r(std::string("\x01\xff", 2));
  return seen;
}

TEST(ObservationJson, SplitsAnSshIdentificationAsTheRfcDoes) {
  const Json ssh = PortObservationJson(SshObservation())["ssh"];
  EXPECT_EQ(ssh["protocol_version"], "2.0");
  EXPECT_EQ(ssh["software"], "OpenSSH_9.2p1");
  EXPECT_EQ(ssh["comment"], "Debian-2+deb12u3");

  proto::PortObservation odd = SshObservation();
  odd.mutable_ssh()->set_identification("SSH-1.99-a-b");
  const Json dashed = PortObservationJson(odd)["ssh"];
  EXPECT_EQ(dashed["protocol_version"], "1.99");
  EXPECT_EQ(dashed["software"], "a-b");
  EXPECT_FALSE(dashed.contains("comment"));

  odd.mutable_ssh()->set_identification("SSH");
  EXPECT_FALSE(PortObservationJson(odd)["ssh"].contains("software"));
}

TEST(ObservationJson, NamesAnSshKeyInEveryFormSomebodyLooksItUpBy) {
  const Json key = PortObservationJson(SshObservation())["ssh"]["keys"][0];
  EXPECT_EQ(key["type"], "ssh-ed25519");
  EXPECT_EQ(key["bits"], 256);
  EXPECT_EQ(key["proof"], "verified");
  EXPECT_EQ(key["signature_r"], "01ff");
  EXPECT_EQ(key["key_id"].get<std::string>().size(), 64U);
  EXPECT_EQ(key["fingerprint_sha256"].get<std::string>().substr(0, 7), "SHA256:");
  EXPECT_EQ(key["fingerprint_md5"].get<std::string>().substr(0, 4), "MD5:");
  EXPECT_EQ(key["blob"], Base64(Ed25519Blob()));
}

TEST(ObservationJson, TellsOutcomesByNameAndLeavesOutWhatWasNotSeen) {
  proto::PortObservation refused;
  refused.set_port(443);
  refused.set_protocol(static_cast<uint32_t>(Protocol::kHttps));
  refused.set_outcome(static_cast<uint32_t>(Outcome::kRefused));
  EXPECT_EQ(PortObservationJson(refused).dump(),
            R"({"port":443,"protocol":"https","outcome":"refused","stage":"connect",)"
            R"("connections":0,"duration_ms":0})");
}

TEST(ObservationJson, GivesCodesAndTheirIanaNames) {
  proto::PortObservation seen;
  proto::TlsFacts& tls = *seen.mutable_tls();
  tls.set_version(0x0304);
  tls.set_cipher_suite(0x1301);
  tls.set_signature_scheme(0x0403);
  tls.set_alert(40 + 1);
  const Json json = PortObservationJson(seen)["tls"];
  EXPECT_EQ(json["version"], Json({{"code", 772}, {"name", "TLSv1.3"}}));
  EXPECT_EQ(json["cipher_suite"]["name"], "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(json["signature_scheme"]["name"], "ecdsa_secp256r1_sha256");
  EXPECT_EQ(json["alert"], Json({{"code", 40}, {"name", "handshake_failure"}}));
  EXPECT_EQ(json["sni"], nullptr);
  tls.set_cipher_suite(0xfafa);  // a GREASE value has a number and no name
  EXPECT_EQ(PortObservationJson(seen)["tls"]["cipher_suite"], Json({{"code", 0xfafa}}));
}

TEST(ObservationJson, FindsTheCertificatesOfAStoredObservationByHash) {
  proto::PortObservation stored;
  stored.mutable_tls()->add_chain_sha256("known");
  stored.mutable_tls()->add_chain_sha256("lost");
  ObservationJsonOptions options;
  options.der = true;
  options.find_certificate = [](std::string_view hash) -> std::optional<std::string> {
    return hash == "known" ? std::optional<std::string>("no certificate") : std::nullopt;
  };
  const Json chain = PortObservationJson(stored, options)["tls"]["chain"];
  EXPECT_EQ(chain[0]["readable"], false);
  EXPECT_EQ(chain[0]["der"], Base64("no certificate"));
  EXPECT_EQ(chain[1], Json({{"sha256", HexEncode("lost")}, {"missing", true}}));
}

TEST(ObservationJson, EscapesAPeersBytesWithoutLosingOne) {
  std::string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  proto::PortObservation seen;
  seen.set_greeting(every);
  const Json json = Json::parse(PortObservationJson(seen).dump());
  EXPECT_EQ(json["greeting"], EscapeForDisplay(every));
}

// Every bytes field may hold anything, and dump() throws on what is no UTF-8.
TEST(ObservationJson, StaysAsciiWhateverAPeerSent) {
  Random random(7);
  const auto noise = [&] {
    std::string out;
    for (uint64_t i = random.Below(40); i > 0; --i) out += static_cast<char>(random.Below(256));
    return out;
  };
  for (int round = 0; round < 200; ++round) {
    proto::HostObservation host;
    host.set_address(noise());
    host.set_started_unix_ms(static_cast<int64_t>(random.Next()));
    proto::PortObservation& port = *host.add_ports();
    port.set_outcome(static_cast<uint32_t>(random.Next()));
    port.set_protocol(static_cast<uint32_t>(random.Next()));
    port.set_stage(static_cast<uint32_t>(random.Next()));
    port.set_greeting(noise());
    port.set_detail(noise());
    proto::SshFacts& ssh = *port.mutable_ssh();
    ssh.set_identification("SSH-" + noise());
    ssh.add_pre_lines(noise());
    ssh.mutable_kex_init()->set_kex_algorithms(noise());
    ssh.mutable_agreed()->set_kex(noise());
    ssh.set_hassh_server(noise());
    ssh.add_keys()->set_blob(noise());
    ssh.mutable_keys(0)->set_algorithm(noise());
    proto::TlsFacts& tls = *port.mutable_tls();
    tls.add_chain(noise());
    tls.set_alpn(noise());
    tls.set_ja3s(noise());
    tls.set_sni(noise());
    tls.set_group(noise());
    tls.set_warning_alerts(noise());
    tls.mutable_other_leaf()->add_chain_sha256(noise());
    port.mutable_mail()->set_capabilities(noise());
    port.mutable_mail()->set_starttls_reply(noise());
    port.mutable_http()->set_status_line(noise());
    port.mutable_http()->set_headers(noise());
    for (const char c : HostObservationJson(host, {.der = true, .find_certificate = {}}).dump()) {
      ASSERT_TRUE(c >= ' ' && c < 0x7f);
    }
  }
}

TEST(ObservationJson, TellsWhenAndWhere) {
  proto::HostObservation host;
  host.set_address(std::string(Address::Parse("2001:db8::7")->bytes()));
  host.set_started_unix_ms(1'525'075'200'123);
  host.set_duration_ms(9);
  EXPECT_EQ(HostObservationJson(host).dump(),
            R"({"address":"2001:db8::7","started":"2018-04-30T08:00:00.123Z",)"
            R"("duration_ms":9,"ports":[]})");
}

TEST(JsonText, WritesTimesBeforeTheEpochAndAfterTheYear9999) {
  EXPECT_EQ(UtcText(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(UtcText(253402300800), "10000-01-01T00:00:00Z");
  EXPECT_EQ(UtcTextMillis(-1), "1969-12-31T23:59:59.999Z");
}

TEST(JsonText, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64("\xff\xfe"), "//4=");
}

TEST(TlsAlerts, FindsTheFirstTheLastAndNoneOfTheTable) {
  EXPECT_EQ(TlsAlertName(0), "close_notify");
  EXPECT_EQ(TlsAlertName(40), "handshake_failure");
  EXPECT_EQ(TlsAlertName(120), "no_application_protocol");
  EXPECT_EQ(TlsAlertName(255), "");
}

}  // namespace
}  // namespace hark

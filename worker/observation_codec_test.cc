#include "worker/observation_codec.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

PortObservation FullObservation() {
  PortObservation o;
  o.port = 22;
  o.protocol = Protocol::kSsh;
  o.outcome = Outcome::kReset;
  o.stage = Stage::kKeyExchange;
  o.greeting = std::string("SSH-2.0-x\xff\0y", 12);
  o.detail = "said \"no\"";
  o.connections = 3;
  o.duration = std::chrono::milliseconds(1234);
  o.ssh.emplace();
  o.ssh->identification = "SSH-2.0-\xc3\xa9";
  o.ssh->pre_lines = {"hello", ""};
  o.ssh->kex_init = SshKexInit{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", true};
  o.ssh->keys = {{"ssh-ed25519", std::string("\0\1\2", 3), Proof::kVerified, "ssh-ed25519", ""},
                 {"ecdsa-sha2-nistp256", "blob", Proof::kBad, "ecdsa", std::string("\x80\0", 2)}};
  o.ssh->kex_algorithm = "curve25519-sha256";
  o.ssh->agreed = SshAgreed{"k", "l", "m", "n", "o", "p", "q", "r"};
  o.ssh->hassh_server = "00112233445566778899aabbccddeeff";
  o.ssh->passive_ssh_hassh = "ffeeddccbbaa99887766554433221100";
  o.tls.emplace();
  o.tls->version = 0x0304;
  o.tls->cipher_suite = 0x1302;
  o.tls->group = "x25519";
  o.tls->chain = {"leaf", std::string("\x30\x82", 2)};
  o.tls->proof = Proof::kVerified;
  o.tls->legacy_pass = true;
  o.tls->alert = 0;  // close_notify is an alert too, not the absence of one
  o.tls->warning_alerts = {0, 112};
  o.tls->raw_pass = true;
  o.tls->stopped_at_certificate = true;
  o.tls->sni = "example.org";
  o.tls->signature_scheme = 0x0804;
  o.tls->alpn = "http/1.1";
  o.tls->extended_master_secret = true;
  o.tls->secure_renegotiation = true;
  o.tls->ocsp_stapled = true;
  o.tls->scts = true;
  o.tls->session_ticket = true;
  o.tls->server_extensions = {43, 51};
  o.tls->ja3s = "0123456789abcdef0123456789abcdef";
  o.tls->other_leaf = TlsOtherLeaf{0x0303, 0xc02f, 0x0401, {"other"}, Proof::kVerified};
  o.mail = MailFacts{"250 STARTTLS\r\n", "220 go\r\n", true, true, true, 7};
  o.http = HttpFacts{"HTTP/1.1 200 OK", "Server: x\r\n", true};
  o.greeting_delay = std::chrono::milliseconds(77);
  return o;
}

// Through bytes, as in a batch.
std::optional<PortObservation> RoundTrip(const PortObservation& from) {
  proto::PortObservation message;
  EncodePortObservation(from, &message);
  proto::PortObservation parsed;
  EXPECT_TRUE(parsed.ParseFromString(message.SerializeAsString()));
  return DecodePortObservation(parsed);
}

TEST(ObservationCodecTest, EverythingSurvivesTheRoundTrip) {
  const PortObservation from = FullObservation();
  const auto to = RoundTrip(from);
  ASSERT_TRUE(to);
  EXPECT_EQ(*to, from);
}

TEST(ObservationCodecTest, EveryNameListOfTheKexInitHasItsOwnPlace) {
  const auto to = RoundTrip(FullObservation());
  const SshKexInit& k = *to->ssh->kex_init;
  EXPECT_EQ(k.kex_algorithms + k.server_host_key_algorithms + k.encryption_client_to_server +
                k.encryption_server_to_client + k.mac_client_to_server + k.mac_server_to_client +
                k.compression_client_to_server + k.compression_server_to_client +
                k.languages_client_to_server + k.languages_server_to_client,
            "abcdefghij");
  EXPECT_TRUE(k.first_kex_packet_follows);
}

TEST(ObservationCodecTest, WhatWasNotLearntStaysAbsent) {
  const auto to = RoundTrip(PortObservation{});
  ASSERT_TRUE(to);
  EXPECT_FALSE(to->ssh);
  EXPECT_FALSE(to->tls);
  PortObservation no_alert;
  no_alert.tls.emplace();
  EXPECT_FALSE(RoundTrip(no_alert)->tls->alert);
}

TEST(ObservationCodecTest, EveryOutcomeAndStageSurvives) {
  for (int outcome = 0; outcome < kOutcomeCount; ++outcome) {
    for (int stage = 0; stage < kStageCount; ++stage) {
      PortObservation o;
      o.outcome = static_cast<Outcome>(outcome);
      o.stage = static_cast<Stage>(stage);
      const auto to = RoundTrip(o);
      EXPECT_EQ(to->outcome, o.outcome);
      EXPECT_EQ(to->stage, o.stage);
    }
  }
}

TEST(ObservationCodecTest, TextThatIsNotAsciiDoesNotSpoilTheMessage) {
  PortObservation o;
  o.detail = "line \xff\xfe end";
  const auto to = RoundTrip(o);
  ASSERT_TRUE(to);
  EXPECT_EQ(to->detail, "line ?? end");
}

TEST(ObservationCodecTest, ValuesOutsideTheirEnumAreRefused) {
  proto::PortObservation good;
  EncodePortObservation(FullObservation(), &good);
  ASSERT_TRUE(DecodePortObservation(good));
  const auto refuses = [&](auto spoil) {
    proto::PortObservation bad = good;
    spoil(bad);
    return !DecodePortObservation(bad);
  };
  EXPECT_TRUE(refuses([](auto& o) { o.set_outcome(kOutcomeCount); }));
  EXPECT_TRUE(refuses([](auto& o) { o.set_stage(kStageCount); }));
  EXPECT_TRUE(refuses([](auto& o) { o.set_protocol(kProtocolCount); }));
  EXPECT_TRUE(refuses([](auto& o) { o.set_port(65536); }));
  EXPECT_TRUE(refuses([](auto& o) { o.mutable_ssh()->mutable_keys(0)->set_proof(kProofCount); }));
  EXPECT_TRUE(refuses([](auto& o) { o.mutable_tls()->set_proof(kProofCount); }));
  EXPECT_TRUE(refuses([](auto& o) { o.mutable_tls()->set_version(0x10000); }));
  EXPECT_TRUE(refuses([](auto& o) { o.mutable_tls()->set_alert(257); }));
  EXPECT_TRUE(refuses([](auto& o) { o.mutable_tls()->set_signature_scheme(0x10000); }));
  EXPECT_TRUE(
      refuses([](auto& o) { o.mutable_tls()->mutable_other_leaf()->set_proof(kProofCount); }));
}

}  // namespace
}  // namespace hark

// What a survey learns from servers that are willing: facts, other leaves, certificates alone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/dh.h>

#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/tls_names.h"
#include "worker/probe/testing/fake_tls_server.h"
#include "worker/probe/tls_survey.h"

namespace hark {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Dial = std::function<std::unique_ptr<FakePeer>()>;

Dial To(const FakeTlsIdentity& identity) {
  return [&identity] { return std::make_unique<FakeTlsServer>(identity); };
}

PortObservation See(uint16_t port, const Dial& dial, const ProbeOptions& options = TestOptions(),
                    const Cuts& cuts = {}) {
  return Play(*SurveyFactory(options).Make(port), dial, cuts);
}

TEST(TlsFacts, OfTls12AreAllThere) {
  FakeTlsIdentity identity("EC", 1, TLS1_2_VERSION, TLS1_2_VERSION);
  identity.ShowEverything();
  const PortObservation seen = See(443, To(identity));
  ASSERT_TRUE(seen.tls) << seen.detail;
  EXPECT_EQ(seen.tls->version, TLS1_2_VERSION);
  EXPECT_THAT(TlsSuiteName(seen.tls->cipher_suite), StartsWith("TLS_ECDHE_ECDSA_WITH_"));
  EXPECT_EQ(seen.tls->group, "x25519");
  EXPECT_EQ(TlsSignatureSchemeName(seen.tls->signature_scheme), "ecdsa_secp256r1_sha256");
  EXPECT_EQ(seen.tls->alpn, "http/1.1");
  EXPECT_TRUE(seen.tls->extended_master_secret);
  EXPECT_TRUE(seen.tls->secure_renegotiation);
  EXPECT_TRUE(seen.tls->ocsp_stapled);
  EXPECT_TRUE(seen.tls->scts);
  EXPECT_TRUE(seen.tls->session_ticket);
  EXPECT_THAT(seen.tls->server_extensions, Contains(0xff01));
  EXPECT_EQ(seen.tls->ja3s.size(), 32u);
  EXPECT_EQ(seen.tls->sni, "");
}

TEST(TlsFacts, OfTls13ComeFromItsEncryptedMessages) {
  FakeTlsIdentity identity("RSA", 1, TLS1_3_VERSION, TLS1_3_VERSION);
  identity.ShowEverything();
  const PortObservation seen = See(443, To(identity));
  ASSERT_TRUE(seen.tls) << seen.detail;
  EXPECT_EQ(TlsSignatureSchemeName(seen.tls->signature_scheme), "rsa_pss_rsae_sha256");
  EXPECT_EQ(seen.tls->alpn, "http/1.1");
  EXPECT_TRUE(seen.tls->ocsp_stapled);
  EXPECT_TRUE(seen.tls->scts);
  EXPECT_FALSE(seen.tls->extended_master_secret);
  EXPECT_EQ(seen.tls->server_extensions, (std::vector<uint16_t>{43, 51}));
  EXPECT_EQ(seen.tls->ja3s, "15af977ce25de452b96affa2addb1036");
}

// OpenSSL sends them when it has heard our Finished, which our goodbye follows at once.
TEST(TlsFacts, OfTls13IncludeTicketsThatComeBehindTheHandshake) {
  FakeTlsIdentity identity("EC", 1, TLS1_3_VERSION, TLS1_3_VERSION);
  for (const Cuts& cuts : {Cuts::Whole(), Cuts::Bytes(), Cuts::Random(4)}) {
    SSL_CTX_set_num_tickets(identity.context(), 2);
    const PortObservation with = See(993, To(identity), TestOptions(), cuts);
    EXPECT_EQ(with.outcome, Outcome::kOk) << with.detail;
    EXPECT_TRUE(with.tls->session_ticket);
    EXPECT_THAT(with.tls->warning_alerts, IsEmpty());
    EXPECT_FALSE(with.tls->alert);
    SSL_CTX_set_num_tickets(identity.context(), 0);
    EXPECT_FALSE(See(993, To(identity), TestOptions(), cuts).tls->session_ticket);
  }
}

TEST(TlsFacts, AlpnIsOfferedOnWebPortsOnly) {
  FakeTlsIdentity identity("RSA", 1);
  identity.ShowEverything();
  EXPECT_EQ(See(993, To(identity)).tls->alpn, "");
}

TEST(TlsFacts, OfTheLegacyPassNameFiniteFieldGroups) {
  FakeTlsIdentity identity("RSA", 1, TLS1_2_VERSION, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(identity.context(), "DHE-RSA-AES128-SHA:@SECLEVEL=0");
  for (const std::string name : {"ffdhe2048", "modp_2048"}) {
    const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr));
    EVP_PKEY* parameters = nullptr;
    ASSERT_EQ(EVP_PKEY_paramgen_init(context.get()), 1);
    ASSERT_EQ(EVP_PKEY_CTX_set_group_name(context.get(), name.c_str()), 1);
    ASSERT_EQ(EVP_PKEY_paramgen(context.get(), &parameters), 1);
    SSL_CTX_set0_tmp_dh_pkey(identity.context(), parameters);
    const PortObservation seen = See(443, To(identity));
    ASSERT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
    EXPECT_TRUE(seen.tls->legacy_pass);
    EXPECT_EQ(seen.tls->group, name == "ffdhe2048" ? name : "dh2048");
  }
}

// Such groups are what makes a server old; OpenSSL itself takes none below 512 bits.
TEST(TlsFacts, OfTheLegacyPassIncludeKeysProvenWithSmallGroups) {
  FakeTlsIdentity identity("RSA", 1, TLS1_VERSION, TLS1_VERSION);
  SSL_CTX_set_security_callback(identity.context(), [](const SSL*, const SSL_CTX*, int, int, int,
                                                       void*, void*) { return 1; });
  SSL_CTX_set_cipher_list(identity.context(), "DHE-RSA-AES128-SHA:@SECLEVEL=0");
  for (const unsigned int bits : {512u, 768u}) {
    const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr));
    EVP_PKEY* parameters = nullptr;
    ASSERT_EQ(EVP_PKEY_paramgen_init(context.get()), 1);
    ASSERT_EQ(EVP_PKEY_CTX_set_dh_paramgen_prime_len(context.get(), static_cast<int>(bits)), 1);
    ASSERT_EQ(EVP_PKEY_paramgen(context.get(), &parameters), 1);
    ASSERT_EQ(SSL_CTX_set0_tmp_dh_pkey(identity.context(), parameters), 1);
    const PortObservation seen = See(443, To(identity));
    ASSERT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
    EXPECT_TRUE(seen.tls->legacy_pass);
    EXPECT_EQ(seen.tls->group, StrCat("dh", bits));
    EXPECT_EQ(seen.tls->proof, Proof::kVerified);
  }
}

TEST(OtherLeaves, AreFoundBehindAnEcdsaOneInOneMoreHandshake) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    FakeTlsIdentity identity("EC", 2, version, version);
    identity.AddLeaf("RSA");
    for (const Cuts& cuts : {Cuts::Whole(), Cuts::Bytes(), Cuts::Random(1)}) {
      const PortObservation seen = See(443, To(identity), TestOptions(), cuts);
      EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
      EXPECT_EQ(seen.connections, 2u);
      EXPECT_EQ(seen.tls->chain.front(), identity.chain_der().front());
      ASSERT_TRUE(seen.tls->other_leaf);
      EXPECT_EQ(seen.tls->other_leaf->chain.front(), identity.other_leaf_der());
      EXPECT_EQ(seen.tls->other_leaf->proof, Proof::kVerified);
      EXPECT_EQ(seen.tls->other_leaf->version, version);
    }
  }
}

TEST(OtherLeaves, OfServersWithoutOneAreAbsentAndNoFailure) {
  const FakeTlsIdentity identity("EC", 1);
  const PortObservation seen = See(443, To(identity));
  EXPECT_EQ(seen.outcome, Outcome::kOk);
  EXPECT_EQ(seen.detail, "");
  EXPECT_EQ(seen.connections, 2u);
  EXPECT_FALSE(seen.tls->other_leaf);
}

TEST(OtherLeaves, BehindAnRsaOneAreAskedForOnlyOnDemand) {
  FakeTlsIdentity identity("RSA", 1, TLS1_2_VERSION, TLS1_2_VERSION);
  identity.AddLeaf("EC");
  SSL_CTX_set_options(identity.context(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_cipher_list(identity.context(), "ECDHE+aRSA:ECDHE+aECDSA:@SECLEVEL=0");
  ProbeOptions options = TestOptions();
  EXPECT_EQ(See(443, To(identity), options).connections, 1u);
  options.all_leaves = true;
  const PortObservation seen = See(443, To(identity), options);
  ASSERT_TRUE(seen.tls->other_leaf);
  EXPECT_EQ(KeyTypeOfCertificate(seen.tls->chain.front()), "rsa");
  EXPECT_EQ(seen.tls->other_leaf->chain.front(), identity.other_leaf_der());
}

ProbeOptions CertificateOnly() {
  ProbeOptions options = TestOptions();
  options.handshake = Handshake::kCertificate;
  return options;
}

TEST(StoppingAtTheCertificate, KeepsTheChainAndProvesNothing) {
  for (int version : {TLS1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION}) {
    const FakeTlsIdentity identity("RSA", 3, version, version);
    std::string whole;
    for (const Cuts& cuts : {Cuts::Whole(), Cuts::Bytes(), Cuts::Random(1)}) {
      const PortObservation seen = See(443, To(identity), CertificateOnly(), cuts);
      EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
      EXPECT_EQ(seen.stage, Stage::kDone);
      EXPECT_EQ(seen.tls->version, version);
      EXPECT_EQ(seen.tls->chain, identity.chain_der());
      EXPECT_EQ(seen.tls->proof, Proof::kUnverified);
      EXPECT_TRUE(seen.tls->stopped_at_certificate);
      if (whole.empty()) whole = Describe(seen);
      EXPECT_EQ(Describe(seen), whole);
    }
  }
}

TEST(StoppingAtTheCertificate, FindsTheOtherLeafAsWell) {
  FakeTlsIdentity identity("EC", 1);
  identity.AddLeaf("RSA");
  const PortObservation seen = See(443, To(identity), CertificateOnly());
  ASSERT_TRUE(seen.tls->other_leaf);
  EXPECT_EQ(seen.tls->other_leaf->chain.front(), identity.other_leaf_der());
  EXPECT_EQ(seen.tls->other_leaf->proof, Proof::kUnverified);
}

TEST(StoppingAtTheCertificate, LeavesWithCloseNotifyAndNoOtherAlert) {
  const FakeTlsIdentity identity("RSA", 1, TLS1_2_VERSION, TLS1_2_VERSION);
  const ProbeOptions options = CertificateOnly();
  const TlsContexts contexts;
  TlsProbe probe(options, contexts, TlsPass::kModern, nullptr);
  FakeTlsServer server(identity);
  const MonoTime now{std::chrono::hours(1)};
  probe.OnConnected(now);
  probe.OnBytes(server.OnBytes(probe.TakeOutput()), now);
  EXPECT_TRUE(probe.done());
  EXPECT_EQ(probe.TakeOutput(), std::string("\x15\x03\x03\x00\x02\x01\x00", 7));
}

TEST(RawHellos, AreUnderstoodByAServerOfTls12) {
  for (const char* algorithm : {"RSA", "EC"}) {
    const FakeTlsIdentity identity(algorithm, 2, 0, TLS1_2_VERSION);
    TlsRawHello hello;
    hello.Start();
    FakeTlsServer server(identity);
    const std::string flight = server.OnBytes(hello.TakeOutput());
    hello.Feed(flight);
    EXPECT_EQ(hello.state(), TlsTalk::State::kDone) << hello.detail();
    EXPECT_EQ(hello.facts().version, TLS1_2_VERSION);
    EXPECT_EQ(hello.facts().chain, identity.chain_der());
    EXPECT_EQ(hello.facts().proof, Proof::kUnverified);
    EXPECT_TRUE(hello.facts().raw_pass);
    EXPECT_TRUE(hello.facts().secure_renegotiation);
  }
}

}  // namespace
}  // namespace hark

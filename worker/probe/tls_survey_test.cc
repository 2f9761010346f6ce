#include "worker/probe/tls_survey.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/probe/limits.h"
#include "worker/probe/testing/fake_tls_server.h"

namespace hark {
namespace {

using ::testing::HasSubstr;

constexpr uint16_t kTls12 = 0x0303;
constexpr uint16_t kTls13 = 0x0304;

using Dial = std::function<std::unique_ptr<FakePeer>()>;

Dial To(const FakeTlsIdentity& identity, const std::string& greeting = "",
        const std::vector<std::string>& replies = {}) {
  return [=, &identity] { return std::make_unique<FakeTlsServer>(identity, greeting, replies); };
}

PortObservation See(uint16_t port, const Dial& dial, const Cuts& cuts = {}) {
  return Play(*SurveyFactory(TestOptions()).Make(port), dial, cuts);
}

TEST(TlsSurveys, LearnVersionSuiteGroupAndTheWholeChain) {
  const FakeTlsIdentity identity("EC", 3);
  const PortObservation seen = See(443, To(identity));
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(seen.stage, Stage::kDone);
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, kTls13);
  EXPECT_EQ(seen.tls->group, "x25519");
  EXPECT_EQ(seen.tls->proof, Proof::kVerified);
  EXPECT_EQ(seen.tls->chain, identity.chain_der());
}

TEST(TlsSurveys, SeeTheSameHoweverTheNetworkCutsIt) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const FakeTlsIdentity identity("RSA", 2, version, version);
    const std::string whole = Describe(See(443, To(identity), Cuts::Whole()));
    EXPECT_THAT(whole, HasSubstr("ok at done"));
    for (const Cuts& cuts : AllCuts()) EXPECT_EQ(Describe(See(443, To(identity), cuts)), whole);
  }
}

TEST(TlsSurveys, ComeBackWithAnOlderOfferWhenTheModernOneIsRefused) {
  const FakeTlsIdentity identity("RSA", 1, TLS1_VERSION, TLS1_VERSION);
  const PortObservation seen = See(443, To(identity));
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(seen.connections, 2u);
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, 0x0301);
  EXPECT_TRUE(seen.tls->legacy_pass);
  EXPECT_EQ(seen.tls->chain, identity.chain_der());
  EXPECT_THAT(seen.detail, HasSubstr("modern pass: "));
}

TEST(TlsSurveys, SpeakEachMailProtocolBeforeTls) {
  const FakeTlsIdentity identity("EC", 1);
  struct Case {
    uint16_t port;
    std::string greeting;
    std::vector<std::string> replies;
  };
  const Case cases[] = {
      {25, "220 x\r\n", {"250-x\r\n250 STARTTLS\r\n", "220 go\r\n"}},
      {587, "220 x\r\n", {"250-x\r\n250 STARTTLS\r\n", "220 go\r\n"}},
      {110, "+OK\r\n", {"+OK\r\nSTLS\r\n.\r\n", "+OK\r\n"}},
      {143, "* OK\r\n", {"* CAPABILITY STARTTLS\r\na1 OK\r\n", "a2 OK\r\n"}},
      {465, "", {}},
      {993, "", {}},
      {995, "", {}},
      {8443, "", {}},
  };
  for (const Case& c : cases) {
    for (const Cuts& cuts : {Cuts::Whole(), Cuts::Bytes()}) {
      const PortObservation seen = See(c.port, To(identity, c.greeting, c.replies), cuts);
      EXPECT_EQ(seen.outcome, Outcome::kOk) << c.port << " " << seen.detail;
      EXPECT_EQ(seen.connections, 2u) << c.port;  // and one to ask for an RSA leaf
      ASSERT_TRUE(seen.tls) << c.port;
      EXPECT_EQ(seen.tls->chain, identity.chain_der());
      EXPECT_EQ(seen.greeting, c.greeting);
      EXPECT_EQ(seen.greeting_delay > Duration(0), !c.greeting.empty()) << c.port;
      ASSERT_EQ(seen.mail.has_value(), !c.replies.empty()) << c.port;
      if (!seen.mail) continue;
      EXPECT_EQ(seen.mail->capabilities, c.replies[0]);
      EXPECT_EQ(seen.mail->starttls_reply, c.replies[1]);
      EXPECT_TRUE(seen.mail->starttls_offered);
      EXPECT_EQ(seen.mail->smuggled_bytes, 0u);
    }
  }
}

TEST(TlsSurveys, DropWhatIsSmuggledBehindTheGoAheadAndStillHandshake) {
  const FakeTlsIdentity identity("EC", 1);
  const Dial dial = To(identity, "220 x\r\n", {"250 STARTTLS\r\n", "220 go\r\n250 smuggled\r\n"});
  const std::string whole = Describe(See(25, dial));
  EXPECT_THAT(whole, HasSubstr("ok at done: 14 bytes of plaintext after the go-ahead"));
  EXPECT_THAT(whole, HasSubstr("mail offered, smuggled 14\n"));
  for (const Cuts& cuts : AllCuts()) EXPECT_EQ(Describe(See(25, dial, cuts)), whole);
}

TEST(TlsSurveys, LeaveWithCloseNotify) {
  const FakeTlsIdentity identity("EC", 1, TLS1_2_VERSION, TLS1_2_VERSION);
  const ProbeOptions options = TestOptions();
  const TlsContexts contexts;
  TlsProbe probe(options, contexts, TlsPass::kModern, nullptr);
  FakeTlsServer server(identity);
  const MonoTime now{std::chrono::hours(1)};
  probe.OnConnected(now);
  while (!probe.done()) probe.OnBytes(server.OnBytes(probe.TakeOutput()), now);
  server.OnBytes(probe.TakeOutput());
  EXPECT_TRUE(server.saw_close_notify());
}

TEST(TlsSurveys, EndTheMailSessionInsideTls) {
  const FakeTlsIdentity identity("EC", 1);
  const auto goodbye = [&](uint16_t port, const std::string& greeting,
                           const std::vector<std::string>& replies) {
    const auto survey = SurveyFactory(TestOptions()).Make(port);
    FakeTlsServer server(identity, greeting, replies);
    const MonoTime now{std::chrono::hours(1)};
    Probe* probe = survey->Next();
    probe->OnConnected(now);
    probe->OnBytes(server.OnConnect(), now);
    while (!probe->done()) probe->OnBytes(server.OnBytes(probe->TakeOutput()), now);
    server.OnBytes(probe->TakeOutput());
    return server.question();
  };
  EXPECT_EQ(goodbye(25, "220 x\r\n", {"250 STARTTLS\r\n", "220 go\r\n"}), "QUIT\r\n");
  EXPECT_EQ(goodbye(110, "+OK\r\n", {"+OK\r\nSTLS\r\n.\r\n", "+OK\r\n"}), "QUIT\r\n");
  EXPECT_EQ(goodbye(143, "* OK\r\n", {"* CAPABILITY STARTTLS\r\na1 OK\r\n", "a2 OK\r\n"}),
            "a3 LOGOUT\r\n");
  EXPECT_EQ(goodbye(993, "", {}), "");  // its greeting is still to come
}

// What a server of TLS 1.2 says up to and including its certificate, then what follows.
std::string Tls12Flight(const FakeTlsIdentity& identity, const std::string& client_hello) {
  FakeTlsServer server(identity);
  return server.OnBytes(client_hello);
}

class WronglySignedTls : public ::testing::TestWithParam<const char*> {};

TEST_P(WronglySignedTls, KeepsItsCertificateAndIsABadProof) {
  const FakeTlsIdentity identity(GetParam(), 2, TLS1_2_VERSION, TLS1_2_VERSION);
  class Broken final : public FakePeer {
   public:
    explicit Broken(const FakeTlsIdentity& identity) : identity_(identity) {}
    std::string OnBytes(std::string_view bytes) override {
      if (spoken_) return {};
      spoken_ = true;
      std::string flight = Tls12Flight(identity_, std::string(bytes));
      flight[flight.size() - 20] ^= 1;  // in the signature of the ServerKeyExchange
      return flight;
    }
    bool hangs_up() const override { return spoken_; }

   private:
    const FakeTlsIdentity& identity_;
    bool spoken_ = false;
  };
  const PortObservation seen = See(443, [&] { return std::make_unique<Broken>(identity); });
  EXPECT_EQ(seen.outcome, Outcome::kProtocolError) << seen.detail;
  EXPECT_EQ(seen.stage, Stage::kCertificate);
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, kTls12);
  EXPECT_EQ(seen.tls->chain, identity.chain_der());
  EXPECT_EQ(seen.tls->proof, Proof::kBad);
}

INSTANTIATE_TEST_SUITE_P(ByEveryKind, WronglySignedTls, ::testing::Values("EC", "RSA"));

TEST(TlsSurveys, MayEndAfterAnyByteOfTheServersFlight) {
  const FakeTlsIdentity identity("EC", 1, TLS1_2_VERSION, TLS1_2_VERSION);
  const ProbeOptions options = TestOptions();
  const TlsContexts contexts;
  const MonoTime now{std::chrono::hours(1)};
  size_t size = 0;
  for (size_t cut = 0; cut <= size; ++cut) {
    TlsProbe probe(options, contexts, TlsPass::kModern, nullptr);
    probe.OnConnected(now);
    const std::string flight = Tls12Flight(identity, probe.TakeOutput());
    size = flight.size();
    probe.OnBytes(flight.substr(0, cut), now);
    probe.OnEof(now);
    ASSERT_TRUE(probe.done());
    EXPECT_EQ(probe.verdict().outcome, Outcome::kClosed);
    const Stage stage = probe.verdict().stage;
    EXPECT_EQ(stage == Stage::kCertificate, !probe.facts().chain.empty()) << cut;
    EXPECT_EQ(stage == Stage::kHello, probe.facts().version == 0) << cut;
  }
  EXPECT_GT(size, 400u);
}

TEST(TlsSurveys, BoundTheChain) {
  const FakeTlsIdentity many("EC", kMaxTlsChain + 8);
  const PortObservation seen = See(443, To(many));
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(seen.tls->chain.size(), kMaxTlsChain);
  const FakeTlsIdentity heavy("EC", 500);  // about 150 KB
  EXPECT_EQ(See(443, To(heavy)).outcome, Outcome::kTooLong);
}

TEST(TlsSurveys, OutliveTheirFactory) {
  const FakeTlsIdentity identity("EC", 1);
  std::unique_ptr<PortSurvey> survey;
  {
    SurveyFactory factory(TestOptions());
    survey = factory.Make(443);
  }
  EXPECT_EQ(Play(*survey, To(identity)).outcome, Outcome::kOk);
}

}  // namespace
}  // namespace hark

// Handshakes put away while they wait are none the worse for it.

#include <gtest/gtest.h>

#include "worker/probe/limits.h"
#include "worker/probe/testing/fake_tls_server.h"
#include "worker/probe/tls_engine.h"

namespace hark {
namespace {

constexpr size_t kPieces = 3;  // of each flight: rests stay below kMaxTlsRests

struct Server {
  std::string name;
  std::string key;
  int version;
  std::string groups = "X25519";
  std::string ciphers = "ALL:@SECLEVEL=0";
  TlsPass pass = TlsPass::kModern;
};

class RestingHandshakes : public ::testing::TestWithParam<Server> {
 protected:
  RestingHandshakes() : identity_(GetParam().key, 3, GetParam().version, GetParam().version) {
    EXPECT_EQ(SSL_CTX_set1_groups_list(identity_.context(), GetParam().groups.c_str()), 1);
    EXPECT_EQ(SSL_CTX_set_cipher_list(identity_.context(), GetParam().ciphers.c_str()), 1);
    EXPECT_EQ(SSL_CTX_set_dh_auto(identity_.context(), 1), 1);
  }

  TlsEngine::Settings Wish() const {
    TlsEngine::Settings settings;
    settings.context = contexts_.Get(GetParam().pass);
    settings.legacy = GetParam().pass == TlsPass::kLegacy;
    return settings;
  }

  // Puts the engine away at every pause, or never. Everything it said, by length: the bytes are
  // random.
  std::string Talk(TlsEngine& engine, bool rests) {
    FakeTlsServer server(identity_);
    std::string lengths;
    engine.Start();
    std::string said = engine.TakeOutput();
    while (!said.empty()) {
      lengths += std::to_string(said.size()) + " ";
      if (rests) Put(engine);
      const std::string flight = server.OnBytes(said);
      said.clear();
      for (std::string_view piece : ThirdsOf(flight)) {
        engine.Feed(piece);
        said += engine.TakeOutput();
        if (rests) Put(engine);
      }
    }
    return lengths;
  }

  void Put(TlsEngine& engine) {
    engine.Rest();
    if (engine.resting()) ++rests_;
  }
  static std::vector<std::string_view> ThirdsOf(std::string_view flight) {
    std::vector<std::string_view> pieces;
    const size_t size = flight.size() / kPieces + 1;
    for (; !flight.empty(); flight.remove_prefix(std::min(size, flight.size()))) {
      pieces.push_back(flight.substr(0, size));
    }
    return pieces;
  }

  const TlsContexts contexts_;
  FakeTlsIdentity identity_;
  int rests_ = 0;
};

INSTANTIATE_TEST_SUITE_P(
    EveryExchange, RestingHandshakes,
    ::testing::Values(Server{"Tls13", "EC", TLS1_3_VERSION},
                      Server{"Tls13Rsa", "RSA", TLS1_3_VERSION},
                      Server{"Tls13HelloRetryP256", "EC", TLS1_3_VERSION, "P-256"},
                      Server{"Tls13HelloRetryP384", "RSA", TLS1_3_VERSION, "P-384"},
                      Server{"Tls12X25519", "EC", TLS1_2_VERSION},
                      Server{"Tls12P256", "RSA", TLS1_2_VERSION, "P-256"},
                      Server{"Tls12P384", "EC", TLS1_2_VERSION, "P-384"},
                      Server{"Tls12Cbc", "RSA", TLS1_2_VERSION, "P-256",
                             "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"},
                      Server{"LegacyRsa", "RSA", TLS1_2_VERSION, "P-256", "AES128-SHA:@SECLEVEL=0",
                             TlsPass::kLegacy},
                      Server{"LegacyDhe", "RSA", TLS1_1_VERSION, "P-256",
                             "DHE-RSA-AES128-SHA:@SECLEVEL=0", TlsPass::kLegacy},
                      Server{"Tls10", "RSA", TLS1_VERSION, "P-521",
                             "ECDHE-RSA-AES256-SHA:@SECLEVEL=0", TlsPass::kLegacy}),
    [](const auto& server) { return server.param.name; });

TEST_P(RestingHandshakes, EndAsOthersDo) {
  TlsEngine restless(Wish());
  const std::string lengths = Talk(restless, false);
  ASSERT_EQ(restless.state(), TlsTalk::State::kDone) << restless.detail();
  TlsEngine engine(Wish());
  EXPECT_EQ(Talk(engine, true), lengths);
  EXPECT_EQ(engine.state(), TlsTalk::State::kDone) << engine.detail();
  EXPECT_GE(rests_, 3);
  EXPECT_EQ(engine.facts().proof, Proof::kVerified);
  EXPECT_EQ(engine.facts(), restless.facts());
}

TEST_P(RestingHandshakes, CarryAQuestionAndItsAnswer) {
  TlsEngine::Settings settings = Wish();
  settings.stay_open = true;
  TlsEngine engine(settings);
  FakeTlsServer server(identity_);
  const std::string answer(3000, 'a');
  server.AnswerWith(answer, 700, false);
  engine.Start();
  std::string said = engine.TakeOutput();
  while (engine.state() == TlsTalk::State::kHandshaking) {
    engine.Feed(server.OnBytes(said));
    said = engine.TakeOutput();
  }
  ASSERT_EQ(engine.state(), TlsTalk::State::kOpen) << engine.detail();
  Put(engine);
  engine.Say("question");
  said += engine.TakeOutput();
  Put(engine);
  std::string heard;
  const std::string records = server.OnBytes(said);
  for (std::string_view piece : ThirdsOf(records)) {
    engine.Feed(piece);
    for (std::string data = engine.TakeData(); !data.empty(); data = engine.TakeData())
      heard += data;
    Put(engine);
  }
  EXPECT_EQ(server.question(), "question");
  EXPECT_EQ(heard, answer);
  EXPECT_GE(rests_, 4);
  engine.Close();
  EXPECT_EQ(engine.state(), TlsTalk::State::kDone) << engine.detail();
  server.OnBytes(engine.TakeOutput());
  EXPECT_TRUE(server.saw_close_notify());
}

TEST_P(RestingHandshakes, AreNoLongerPutAwayAtTheLimit) {
  TlsEngine engine(Wish());
  FakeTlsServer server(identity_);
  engine.Start();
  const std::string flight = server.OnBytes(engine.TakeOutput());
  const std::string empty("\x16\x03\x03\x00\x00", 5);
  for (uint32_t i = 0; i < kMaxTlsRests; ++i) {
    engine.Rest();
    EXPECT_TRUE(engine.resting());
    engine.Feed(empty);
    ASSERT_EQ(engine.state(), TlsTalk::State::kHandshaking) << engine.detail();
    EXPECT_FALSE(engine.resting());
  }
  engine.Rest();
  EXPECT_FALSE(engine.resting());
}

TEST(RestingProbes, KeepWhatTheyHaveSeen) {
  const FakeTlsIdentity identity("RSA", 3, TLS1_2_VERSION, TLS1_2_VERSION);
  const TlsContexts contexts;
  TlsEngine::Settings settings;
  settings.context = contexts.Get(TlsPass::kModern);
  TlsEngine engine(settings);
  FakeTlsServer server(identity);
  engine.Start();
  const std::string flight = server.OnBytes(engine.TakeOutput());
  engine.Feed(flight.substr(0, flight.size() - 20));
  engine.Rest();
  EXPECT_TRUE(engine.resting());
  EXPECT_EQ(engine.stage(), Stage::kCertificate);
  EXPECT_EQ(engine.facts().chain, identity.chain_der());
  EXPECT_EQ(engine.TakeOutput(), "");
}

}  // namespace
}  // namespace hark

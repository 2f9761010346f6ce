#include "bus/join_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bus/curve.h"

namespace hark {
namespace {

using ::testing::HasSubstr;

JoinToken SomeToken() {
  return {"tcp://scan.example.org:7170", GenerateKeyPair().public_key,
          GenerateKeyPair().secret_key};
}

TEST(JoinTokenTest, ComesBackAsItWas) {
  const JoinToken token = SomeToken();
  const std::string line = EncodeJoinToken(token);
  EXPECT_LE(line.size(), kMaxJoinToken);
  const auto back = ParseJoinToken("  " + line + "\n");
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->endpoint, token.endpoint);
  EXPECT_EQ(back->server_public_key, token.server_public_key);
  EXPECT_EQ(back->secret_key, token.secret_key);
}

TEST(JoinTokenTest, HoldsTheLongestEndpoint) {
  JoinToken token = SomeToken();
  token.endpoint = "tcp://" + std::string(245, 'a') + ":123";
  ASSERT_EQ(token.endpoint.size(), 255U);
  const auto back = ParseJoinToken(EncodeJoinToken(token));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->endpoint, token.endpoint);
}

TEST(JoinTokenTest, NoticesEveryWrongCharacterAndEveryCut) {
  const std::string line = EncodeJoinToken(SomeToken());
  for (size_t i = 0; i < line.size(); ++i) {
    std::string wrong = line;
    wrong[i] = wrong[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(ParseJoinToken(wrong).ok()) << "at " << i;
    EXPECT_FALSE(ParseJoinToken(line.substr(0, i)).ok()) << "cut to " << i;
  }
  EXPECT_FALSE(ParseJoinToken(line + "A").ok());
  EXPECT_FALSE(ParseJoinToken(line + line).ok());
}

TEST(JoinTokenTest, NeverRepeatsTheSecretInItsError) {
  const std::string line = EncodeJoinToken(SomeToken());
  const auto wrong = ParseJoinToken(line.substr(1));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.status().message().find(line.substr(60, 20)), std::string::npos);
}

TEST(JoinTokenTest, KnowsAnEndpointAWorkerCanReach) {
  for (const char* good : {"tcp://a:1", "tcp://192.0.2.7:65535", "tcp://[2001:db8::7]:7170"}) {
    EXPECT_TRUE(CheckJoinEndpoint(good).ok()) << good;
  }
  for (const char* bad :
       {"", "a:1", "ipc:///x", "tcp://:1", "tcp://a", "tcp://a:0", "tcp://a:65536", "tcp://a:b",
        "tcp://*:7170", "tcp://a b:1", "tcp://[]:1"}) {
    EXPECT_FALSE(CheckJoinEndpoint(bad).ok()) << bad;
  }
  EXPECT_THAT(CheckJoinEndpoint("tcp://0.0.0.0:7170").message(), HasSubstr("where to listen"));
}

TEST(JoinTokenTest, TakesNoKeyThatLibzmqWouldReadOnlyInPart) {
  std::string with_nul = GenerateKeyPair().public_key;
  with_nul[35] = '\0';
  EXPECT_FALSE(IsCurveKey(with_nul));
  EXPECT_FALSE(IsCurveKey(std::string(40, '#')));  // five of them are more than 32 bits
  const std::string raw(32, '\xff');
  EXPECT_EQ(CurveKeyBytes(CurveKeyText(raw)), raw);
}

}  // namespace
}  // namespace hark

// The odd manners that need no handshake: delays, drips, early talkers, bombs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lab/dialogue.h"
#include "tests/lab/internet.h"

namespace hark::lab {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class MannersTest : public ::testing::Test {
 protected:
  std::unique_ptr<Conversation> Server(const std::string& port_line) {
    Result<Scenario> scenario = ParseScenario("host 127.9.0.1\nport 1 " + port_line + "\n", "test");
    EXPECT_TRUE(scenario.ok()) << scenario.status().message();
    scenario_ = *scenario;
    EXPECT_TRUE(keys_.Prepare(scenario_).ok());
    context_ = std::move(*TlsContext::Make());
    internet_ = std::make_unique<Internet>(scenario_, keys_, *context_, clock_);
    return internet_->Answer(*Address::Parse("127.9.0.1"), 1, Address());
  }

  ManualClock clock_;
  Scenario scenario_;
  KeyStore keys_{""};
  std::unique_ptr<TlsContext> context_;
  std::unique_ptr<Internet> internet_;
};

TEST_F(MannersTest, TarpitsDripAtTheirPace) {
  for (const char* line : {"ssh behaviour=tarpit pace=5s", "smtp behaviour=tarpit pace=5s"}) {
    const auto server = Server(line);
    for (Turn turn = server->Start(); const char c : {1, 2, 3}) {
      EXPECT_EQ(turn.send.size(), 1U) << int{c};
      EXPECT_EQ(turn.wake_after, seconds(5));
      turn = server->OnTimer();
    }
  }
}

TEST_F(MannersTest, TarpitsOfLinesSayWholeLinesForEver) {
  auto server = Server("smtp behaviour=tarpit-lines");
  for (Turn turn = server->Start(); const char c : {1, 2, 3}) {
    EXPECT_THAT(turn.send, StartsWith("220-")) << int{c};
    EXPECT_EQ(turn.send.back(), '\n');
    turn = server->OnTimer();
  }
  server = Server("ssh behaviour=tarpit-lines");
  EXPECT_THAT(server->Start().send, Not(StartsWith("SSH-")));
}

TEST_F(MannersTest, TarpitsInTheHelloBeginLikeARealOne) {
  auto server = Server("https key=k behaviour=tarpit-hello pace=5s");
  EXPECT_EQ(server->Start().send, "");
  std::string said = server->OnBytes("hello").send;
  for (int i = 0; i < 11; ++i) said += server->OnTimer().send;
  EXPECT_THAT(said, StartsWith(std::string("\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03", 11)));
  EXPECT_EQ(said.size(), 12U);
  server = Server("ssh keys=k behaviour=tarpit-hello pace=5s");
  EXPECT_THAT(server->Start().send, StartsWith("SSH-2.0-"));
  said = server->OnBytes("SSH-2.0-x\r\n").send;
  for (int i = 0; i < 5; ++i) said += server->OnTimer().send;
  EXPECT_EQ(said, std::string("\x00\x00\x80\x00\x04\x14", 6));
}

TEST_F(MannersTest, SlowServersSayEverythingLater) {
  const auto server = Server("smtp key=k behaviour=slow delay=3s");
  Turn turn = server->Start();
  EXPECT_EQ(turn.send, "");
  EXPECT_EQ(turn.wake_after, seconds(3));
  EXPECT_THAT(server->OnTimer().send, StartsWith("220 "));
  turn = server->OnBytes("NOOP\r\n");
  EXPECT_EQ(turn.wake_after, seconds(3));
  EXPECT_EQ(server->OnBytes("QUIT\r\n").wake_after, Duration(0));  // goes out with the first
  turn = server->OnTimer();
  EXPECT_EQ(turn.send, "250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n");
  EXPECT_EQ(turn.then, Turn::Then::kFinish);
}

TEST_F(MannersTest, GreetDelaysThrowOutWhoTalksFirst) {
  auto server = Server("smtp behaviour=greet-delay delay=6s");
  EXPECT_EQ(server->Start().wake_after, seconds(6));
  EXPECT_THAT(server->OnTimer().send, StartsWith("220 "));
  EXPECT_THAT(server->OnBytes("EHLO me\r\n").send, StartsWith("250-"));
  server = Server("smtp behaviour=teaser banner=mx");
  EXPECT_EQ(server->Start().send, "220-mx\r\n");
  const Turn turn = server->OnBytes("EHLO me\r\n");
  EXPECT_THAT(turn.send, StartsWith("521 "));
  EXPECT_EQ(turn.then, Turn::Then::kFinish);
}

TEST_F(MannersTest, SmugglersSayMoreThanTheGoAhead) {
  auto server = Server("smtp key=k behaviour=smuggle");
  server->Start();
  EXPECT_EQ(server->OnBytes("STARTTLS\r\n").send,
            "220 2.0.0 Ready to start TLS\r\n250 2.0.0 smuggled\r\n");
  server = Server("imap key=k behaviour=smuggle");
  server->Start();
  EXPECT_THAT(server->OnBytes("a STARTTLS\r\n").send, HasSubstr("\r\n* CAPABILITY"));
}

TEST_F(MannersTest, RefusedCapabilitiesLeaveTheRestWorking) {
  auto server = Server("smtp key=k behaviour=ehlo-refused");
  server->Start();
  EXPECT_THAT(server->OnBytes("EHLO me\r\n").send, StartsWith("502 "));
  EXPECT_THAT(server->OnBytes("HELO me\r\n").send, StartsWith("250 "));
  EXPECT_THAT(server->OnBytes("STARTTLS\r\n").send, StartsWith("220 "));
  server = Server("pop3 key=k behaviour=capa-refused");
  server->Start();
  EXPECT_THAT(server->OnBytes("CAPA\r\n").send, StartsWith("-ERR"));
  EXPECT_THAT(server->OnBytes("STLS\r\n").send, StartsWith("+OK"));
  server = Server("imap key=k behaviour=capa-refused");
  server->Start();
  EXPECT_THAT(server->OnBytes("a CAPABILITY\r\n").send, StartsWith("a BAD"));
}

TEST(HttpDialogueTest, BombsRedirectsAndNeverEnds) {
  Service service;
  service.protocol = Protocol::kHttps;
  service.behaviour = Behaviour::kHeaderBomb;
  EXPECT_GT(MakeDialogue(service)->OnLine("", true).send.size(), size_t{1} << 20);
  service.behaviour = Behaviour::kRedirect;
  EXPECT_THAT(MakeDialogue(service)->OnLine("", true).send, StartsWith("HTTP/1.1 301 "));
  service.behaviour = Behaviour::kEndlessHeaders;
  const auto endless = MakeDialogue(service);
  Dialogue::Answer answer = endless->OnLine("", true);
  for (int i = 0; i < 100; ++i) {
    EXPECT_GT(answer.more_after, Duration(0));
    EXPECT_FALSE(answer.finish);
    EXPECT_THAT(answer.send, Not(HasSubstr("\r\n\r\n")));
    answer = endless->OnTimer();
  }
}

}  // namespace
}  // namespace hark::lab

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/strings.h"
#include "tests/lab/internet.h"

namespace hark::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kFailure("\x02\x28", 2);

// A ClientHello in one record: what OpenSSL of today can no longer say.
std::string Hello(uint16_t version, const std::vector<uint16_t>& suites) {
  ByteWriter body;
  body.U16(version);
  body.Bytes(std::string(32, 'r'));
  body.U8(0);
  body.U16(static_cast<uint16_t>(2 * suites.size()));
  for (uint16_t suite : suites) body.U16(suite);
  body.U8(1);
  body.U8(0);
  ByteWriter record;
  record.U8(22);
  record.U16(0x0300);
  record.U16(static_cast<uint16_t>(body.size() + 4));
  record.U8(1);
  record.U24(static_cast<uint32_t>(body.size()));
  record.Bytes(body.str());
  return record.Take();
}

// What a server said in its handshake records.
struct Heard {
  uint16_t record_version = 0;
  uint16_t version = 0;
  uint16_t suite = 0;
  std::string leaf;
  bool done = false;
};

Heard Read(std::string_view bytes) {
  Heard out;
  std::string messages;
  ByteReader records(bytes);
  while (!records.empty() && records.ok()) {
    EXPECT_EQ(records.U8(), 22);
    out.record_version = records.U16();
    messages += records.Bytes(records.U16());
  }
  ByteReader in(messages);
  while (!in.empty() && in.ok()) {
    const uint8_t type = in.U8();
    ByteReader body(in.Bytes(in.U24()));
    if (type == 2) {
      out.version = body.U16();
      body.Bytes(32);
      body.Bytes(body.U8());
      out.suite = body.U16();
    } else if (type == 11) {
      ByteReader list(body.Bytes(body.U24()));
      out.leaf = list.Bytes(list.U24());
    }
    out.done = type == 14;
  }
  return out;
}

class RawTlsTest : public ::testing::Test {
 protected:
  void Serve(const std::string& services) {
    Result<Scenario> scenario =
        ParseScenario("key r type=rsa-2048\nhost 127.9.0.1\n" + services, "test");
    ASSERT_TRUE(scenario.ok()) << scenario.status().message();
    scenario_ = *scenario;
    ASSERT_TRUE(keys_.Prepare(scenario_).ok());
    context_ = std::move(*TlsContext::Make());
    internet_ = std::make_unique<Internet>(scenario_, keys_, *context_, clock_);
  }

  Turn Ask(uint16_t port, std::string_view bytes) {
    server_ = internet_->Answer(*Address::Parse("127.9.0.1"), port, Address());
    server_->Start();
    return server_->OnBytes(bytes);
  }

  ManualClock clock_;
  Scenario scenario_;
  KeyStore keys_{""};
  std::unique_ptr<TlsContext> context_;
  std::unique_ptr<Internet> internet_;
  std::unique_ptr<Conversation> server_;
};

TEST_F(RawTlsTest, ShowsItsCertificateInSslv3ToEveryClientWithASuiteInCommon) {
  Serve("port 443 https key=r tls=ssl3\n");
  for (uint16_t version : {0x0300, 0x0301, 0x0303}) {
    const Turn turn = Ask(443, Hello(version, {0xc02f, 0x002f, 0x000a}));
    const Heard heard = Read(turn.send);
    EXPECT_EQ(heard.record_version, 0x0300);
    EXPECT_EQ(heard.version, 0x0300);
    EXPECT_EQ(heard.suite, 0x000a);
    EXPECT_EQ(heard.leaf, keys_.Find("r", KeyType::kRsa2048)->certificate_der);
    EXPECT_TRUE(heard.done);
    EXPECT_EQ(turn.then, Turn::Then::kGoOn);
  }
  EXPECT_EQ(internet_->counters().raw_hellos, 3U);
}

TEST_F(RawTlsTest, FailsTheHandshakeWithoutASuiteInCommon) {
  Serve("port 443 https key=r tls=ssl3\nport 444 https key=r tls=rc4\n");
  EXPECT_EQ(Ask(443, Hello(0x0303, {0xc02f})).send, std::string("\x15\x03\x00\x00\x02\x02\x28", 7));
  const Turn turn = Ask(444, Hello(0x0303, {0x002f, 0x000a}));
  EXPECT_EQ(turn.send, std::string("\x15\x03\x01\x00\x02\x02\x28", 7));
  EXPECT_EQ(turn.then, Turn::Then::kFinish);
}

TEST_F(RawTlsTest, SpeaksRc4InTheClientsOwnVersion) {
  Serve("port 444 https key=r tls=rc4\n");
  for (uint16_t version : {0x0301, 0x0302, 0x0303}) {
    const Heard heard = Read(Ask(444, Hello(version, {0x002f, 0x0004, 0x0005})).send);
    EXPECT_EQ(heard.version, version);
    EXPECT_EQ(heard.suite, 0x0005);
    EXPECT_TRUE(heard.done);
  }
  EXPECT_THAT(Ask(444, Hello(0x0300, {0x0005})).send, HasSubstr(std::string(kFailure)));
}

TEST_F(RawTlsTest, IsIntolerantOfNewerVersionsWhereTheScenarioSaysSo) {
  Serve(
      "port 443 https key=r tls=ssl3 decline=alert\n"
      "port 444 https key=r tls=ssl3 decline=close\n");
  EXPECT_THAT(Ask(443, Hello(0x0301, {0x000a})).send, HasSubstr(std::string(kFailure)));
  EXPECT_EQ(Read(Ask(443, Hello(0x0300, {0x000a})).send).version, 0x0300);
  const Turn turn = Ask(444, Hello(0x0303, {0x000a}));
  EXPECT_EQ(turn.send, "");
  EXPECT_EQ(turn.then, Turn::Then::kFinish);
}

TEST_F(RawTlsTest, IgnoresWhatFollowsUntilAnAlert) {
  Serve("port 443 https key=r tls=ssl3\n");
  Ask(443, Hello(0x0300, {0x000a}));
  Turn turn = server_->OnBytes(std::string("\x16\x03\x00\x00\x02zz", 7));
  EXPECT_EQ(turn.send, "");
  EXPECT_EQ(turn.then, Turn::Then::kGoOn);
  turn = server_->OnBytes(std::string("\x15\x03\x00\x00\x02\x02\x28", 7));
  EXPECT_EQ(turn.then, Turn::Then::kFinish);
}

TEST_F(RawTlsTest, HangsUpOnWhatIsNoHello) {
  Serve("port 443 https key=r tls=ssl3\n");
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n"), std::string("\x16\x09\x00\x00\x02zz", 7),
        std::string("\x16\x03\x00\x00\x04\x02\x00\x00\x00", 9),
        std::string("\x16\x03\x00\x00\x04\x01\x00\x00\x00", 9)}) {
    EXPECT_EQ(Ask(443, bytes).then, Turn::Then::kFinish);
  }
}

TEST_F(RawTlsTest, AnswersTheSameHoweverTheStreamIsCut) {
  Serve("port 443 https key=r tls=ssl3 chain=3\n");
  const std::string hello = Hello(0x0301, {0x0005});
  const Heard whole = Read(Ask(443, hello).send);
  std::string said = Ask(443, "").send;
  for (char c : hello) said += server_->OnBytes({&c, 1}).send;
  EXPECT_TRUE(whole.done);
  EXPECT_EQ(Read(said).leaf, whole.leaf);
}

TEST_F(RawTlsTest, StandsBehindStartTlsToo) {
  Serve("port 143 imap key=r tls=ssl3\n");
  EXPECT_THAT(Ask(143, "a STARTTLS\r\n").send, StartsWith("a OK"));
  EXPECT_EQ(Read(server_->OnBytes(Hello(0x0301, {0x0005})).send).version, 0x0300);
}

}  // namespace
}  // namespace hark::lab

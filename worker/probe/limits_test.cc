// Each bound of limits.h: the last thing that passes and the first that does not.

#include "worker/probe/limits.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/strings.h"
#include "worker/probe/ssh_probe.h"
#include "worker/probe/testing/play.h"
#include "worker/probe/tls_probe.h"

namespace hark {
namespace {

Verdict AfterSsh(const std::string& bytes, SshFacts* facts = nullptr) {
  const ProbeOptions options = TestOptions();
  SshProbe probe(options, "ssh-ed25519");
  Hear(probe, bytes, Cuts::Random(bytes.size()));
  Verdict verdict = probe.verdict();
  if (facts != nullptr) *facts = probe.TakeFacts();
  return verdict;
}

std::string Repeat(size_t times, const std::string& text) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

constexpr char kHello[] = "SSH-2.0-x\r\n";

TEST(SshLimits, IdentificationOfAnyLengthUpToTheLimit) {
  const std::string longest = "SSH-2.0-" + std::string(kMaxSshIdentification - 8, 'x');
  SshFacts facts;
  EXPECT_EQ(AfterSsh(longest + "\n", &facts).stage, Stage::kHello);
  EXPECT_EQ(facts.identification, longest);
  EXPECT_EQ(AfterSsh(longest + "x").outcome, Outcome::kTooLong);
}

TEST(SshLimits, LinesBeforeTheIdentification) {
  SshFacts facts;
  EXPECT_EQ(AfterSsh(Repeat(kMaxSshPreLines, "line\r\n") + kHello, &facts).stage, Stage::kHello);
  EXPECT_EQ(facts.pre_lines.size(), kMaxSshPreLines);
  EXPECT_EQ(AfterSsh(Repeat(kMaxSshPreLines + 1, "line\r\n"), &facts).outcome, Outcome::kTooLong);
  EXPECT_EQ(facts.pre_lines.size(), kMaxSshPreLines);
}

TEST(SshLimits, BytesBeforeTheIdentification) {
  EXPECT_NE(AfterSsh(std::string(kMaxSshPreBytes, 'x')).outcome, Outcome::kTooLong);
  EXPECT_EQ(AfterSsh(std::string(kMaxSshPreBytes + 1, 'x')).outcome, Outcome::kTooLong);
}

TEST(SshLimits, PacketLength) {
  ByteWriter largest;
  largest.U32(kMaxSshPacket - 4);  // with its length field a multiple of eight
  EXPECT_EQ(AfterSsh(kHello + largest.str()).outcome, Outcome::kClosed);
  ByteWriter larger;
  larger.U32(kMaxSshPacket + 4);
  EXPECT_EQ(AfterSsh(kHello + larger.str()).outcome, Outcome::kTooLong);
}

TEST(SshLimits, PacketsThatSayNothing) {
  const std::string ignore = ssh::Packet(std::string("\x02\0\0\0\0", 5));
  EXPECT_EQ(AfterSsh(kHello + Repeat(kMaxSshIdlePackets, ignore)).outcome, Outcome::kClosed);
  EXPECT_EQ(AfterSsh(kHello + Repeat(kMaxSshIdlePackets + 1, ignore)).outcome, Outcome::kTooLong);
}

TEST(SshLimits, AllBytesBeforeTheKey) {
  const std::string fat = ssh::Packet("\x02" + std::string(kMaxSshPacket - 64, 'x'));
  ASSERT_LT(kMaxSshBytes / fat.size(), kMaxSshIdlePackets);
  EXPECT_EQ(AfterSsh(kHello + Repeat(kMaxSshBytes / fat.size(), fat)).outcome, Outcome::kClosed);
  EXPECT_EQ(AfterSsh(kHello + Repeat(kMaxSshBytes / fat.size() + 1, fat)).outcome,
            Outcome::kTooLong);
}

std::string KexInitWithKexList(size_t bytes) {
  ByteWriter out;
  out.U8(ssh::kKexInit);
  out.Bytes(std::string(16, 'c'));
  out.String32(std::string(bytes, 'k'));
  for (int i = 0; i < 9; ++i) out.String32("");
  out.Bytes(std::string(5, '\0'));
  return ssh::Packet(out.str());
}

TEST(SshLimits, NameLists) {
  EXPECT_EQ(AfterSsh(kHello + KexInitWithKexList(kMaxSshNameList)).outcome,
            Outcome::kNoCommonAlgorithm);
  EXPECT_EQ(AfterSsh(kHello + KexInitWithKexList(kMaxSshNameList + 1)).outcome,
            Outcome::kProtocolError);
}

TEST(Quotes, AreBoundedAndEscaped) {
  EXPECT_EQ(Quote(std::string("220 \x1b[2J\0\xff\"\\", 12)), "\"220 \\x1b[2J\\x00\\xff\"\\\\\"");
  const std::string longest(kMaxQuoted, 'x');
  EXPECT_EQ(Quote(longest), "\"" + longest + "\"");
  EXPECT_EQ(Quote(longest + "x"), "\"" + longest + "…\"");
}

TEST(TlsLimits, PlaintextAfterTheGoAhead) {
  const ProbeOptions options = TestOptions();
  const TlsContexts contexts;
  const std::string go = "220 x\r\n250 STARTTLS\r\n220 go\r\n";
  const auto after = [&](size_t smuggled) {
    TlsProbe probe(options, contexts, TlsPass::kModern, NewSmtpDialogue("x"));
    Hear(probe, go + std::string(smuggled, 'x') + "\x15\x03\x03\x01", Cuts::Random(smuggled));
    return probe.verdict().outcome;
  };
  EXPECT_EQ(after(kMaxSmuggled), Outcome::kClosed);
  EXPECT_EQ(after(kMaxSmuggled + 1), Outcome::kNotThisProtocol);
}

// Floods that OpenSSL itself must end; that it does is part of what we promise.
TEST(TlsLimits, FloodsOfWarningsAndOfEmptyRecords) {
  const ProbeOptions options = TestOptions();
  const TlsContexts contexts;
  for (const std::string& record :
       {std::string("\x15\x03\x03\x00\x02\x01\x5a", 7), std::string("\x16\x03\x03\x00\x00", 5)}) {
    TlsProbe probe(options, contexts, TlsPass::kModern, nullptr);
    Hear(probe, Repeat(1000, record), Cuts::Random(1));
    EXPECT_EQ(probe.verdict().outcome, Outcome::kProtocolError) << probe.verdict().detail;
  }
}

TEST(TlsLimits, RecordsBeyondTheStandardsLength) {
  const ProbeOptions options = TestOptions();
  const TlsContexts contexts;
  TlsProbe probe(options, contexts, TlsPass::kModern, nullptr);
  Hear(probe, "\x16\x03\x03\xff\xff", Cuts::Bytes());
  EXPECT_EQ(probe.verdict().outcome, Outcome::kProtocolError) << probe.verdict().detail;
}

}  // namespace
}  // namespace hark

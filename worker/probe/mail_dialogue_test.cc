// What mail servers say that the transcripts do not: the bounds, and words of every kind of cut.

#include "worker/probe/mail_dialogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/probe/conversation.h"
#include "worker/probe/limits.h"
#include "worker/probe/testing/mail_play.h"
#include "worker/probe/testing/play.h"
#include "worker/probe/tls_probe.h"

namespace hark {
namespace {

using ::testing::HasSubstr;
using Next = DialogueStep::Next;

MailHeard HearSmtp(const std::string& bytes, const Cuts& cuts = {}) {
  return HearMail(NewSmtpDialogue("x"), bytes, cuts);
}

std::string LinesOf(size_t bytes, const std::string& line) {
  std::string out;
  while (out.size() + line.size() <= bytes) out += line;
  return out;
}

TEST(MailLimits, ALineEndsAtTheLimitOrTheTalkDoes) {
  const std::string longest = "220 " + std::string(kMaxDialogueLine - 5, 'x') + "\n";
  EXPECT_EQ(HearSmtp(longest).said, "EHLO x\r\n");
  EXPECT_EQ(HearSmtp(longest).greeting, longest);
  for (const Cuts& cuts : AllCuts()) {
    EXPECT_EQ(HearSmtp("x" + longest, cuts).outcome, Outcome::kTooLong);
    EXPECT_EQ(HearSmtp(std::string(kMaxDialogueLine, 'x'), cuts).next, Next::kMore);
    EXPECT_EQ(HearSmtp(std::string(kMaxDialogueLine + 1, 'x'), cuts).outcome, Outcome::kTooLong);
  }
}

TEST(MailLimits, AnEndlessGreetingEndsAndSoMuchOfItIsKept) {
  for (const Cuts& cuts : AllCuts()) {
    const MailHeard heard = HearSmtp(LinesOf(kMaxDialogueBytes, "220-more\r\n"), cuts);
    EXPECT_EQ(heard.next, Next::kMore);
    EXPECT_EQ(heard.greeting.size(), kMaxGreetingKept);
    const MailHeard over = HearSmtp(LinesOf(kMaxDialogueBytes + 10, "220-more\r\n"), cuts);
    EXPECT_EQ(over.outcome, Outcome::kTooLong);
    EXPECT_EQ(over.said, "");
  }
}

struct Flood {
  const char* protocol;
  std::unique_ptr<MailDialogue> dialogue;
  std::string before;
  std::string line;
};

std::vector<Flood> CapabilityFloods() {
  std::vector<Flood> floods;
  floods.push_back({"smtp", NewSmtpDialogue("x"), "220 x\r\n", "250-BOMB\r\n"});
  floods.push_back({"pop3", NewPop3Dialogue(), "+OK\r\n", "+OK BOMB\r\n"});
  floods.push_back({"imap", NewImapDialogue(), "* OK\r\n", "* CAPABILITY BOMB\r\n"});
  return floods;
}

TEST(MailLimits, EndlessCapabilitiesEndAndSoMuchOfThemIsKept) {
  for (size_t cut = 0; cut < AllCuts().size(); ++cut) {
    for (Flood& flood : CapabilityFloods()) {
      const MailHeard heard =
          HearMail(std::move(flood.dialogue),
                   flood.before + LinesOf(kMaxDialogueBytes + flood.line.size(), flood.line),
                   AllCuts()[cut]);
      EXPECT_EQ(heard.outcome, Outcome::kTooLong) << flood.protocol;
      EXPECT_EQ(heard.greeting, flood.before) << flood.protocol;
      EXPECT_EQ(heard.facts.capabilities.size(), kMaxCapabilitiesKept) << flood.protocol;
    }
  }
}

TEST(MailLimits, ALongReplyToStartTlsIsKeptInPart) {
  const std::string start = "220 x\r\n250 STARTTLS\r\n";
  const std::string reply = LinesOf(2 * kMaxStartTlsReplyKept, "220-go\r\n") + "220 go\r\n";
  for (const Cuts& cuts : AllCuts()) {
    const MailHeard heard = HearSmtp(start + reply, cuts);
    EXPECT_EQ(heard.next, Next::kTls);
    EXPECT_EQ(heard.facts.starttls_reply, reply.substr(0, kMaxStartTlsReplyKept));
  }
}

// Each size is tried whole and cut; a record of TLS follows, or the end.
TEST(MailLimits, PlaintextAfterTheGoAheadIsCountedAtEverySize) {
  const ProbeOptions options = TestOptions();
  const TlsContexts contexts;
  const std::string go = "220 x\r\n250 STARTTLS\r\n220 go\r\n";
  std::vector<size_t> sizes;
  for (size_t size = 0; size <= kMaxSmuggled + 2; size += size < 70 || size > 4090 ? 1 : 57) {
    sizes.push_back(size);
  }
  for (size_t size : {kMaxSmuggled - 1, kMaxSmuggled, kMaxSmuggled + 1}) sizes.push_back(size);
  for (size_t size : sizes) {
    for (const Cuts& cuts : {Cuts::Whole(), Cuts::Random(size)}) {
      TlsProbe probe(options, contexts, TlsPass::kModern, NewSmtpDialogue("x"));
      const std::string smuggled(size, 'x');
      const std::string alert("\x15\x03\x03\x00\x02\x02\x50", 7);
      Hear(probe, go + smuggled + alert, cuts);
      const bool over = size > kMaxSmuggled;
      EXPECT_EQ(probe.verdict().outcome, over ? Outcome::kNotThisProtocol : Outcome::kTlsAlert);
      EXPECT_EQ(probe.TakeMailFacts()->smuggled_bytes, over ? kMaxSmuggled + 1 : size);
    }
  }
}

// Even words that would be obeyed anywhere else.
TEST(MailDialogues, ObeyNothingSmuggled) {
  const ProbeOptions options = TestOptions();
  const TlsContexts contexts;
  TlsProbe probe(options, contexts, TlsPass::kModern, NewSmtpDialogue("x"));
  const std::string said =
      Hear(probe, "220 x\r\n250 STARTTLS\r\n220 go\r\n421 too many connections\r\n", Cuts::Whole());
  EXPECT_EQ(probe.verdict().outcome, Outcome::kNotThisProtocol);
  EXPECT_THAT(said, ::testing::Not(HasSubstr("QUIT")));
  EXPECT_EQ(probe.TakeMailFacts()->smuggled_bytes, 26u);
}

TEST(MailDialogues, TakeNulAndEightBitBytesForWhatTheyAre) {
  const std::string greeting("220 \0\x1b\xff\r\r\n", 10);
  const std::string answer("250-\0STARTTLS\r\n250 \x80\r\n", 22);
  for (const Cuts& cuts : AllCuts()) {
    const MailHeard heard = HearSmtp(greeting + answer, cuts);
    EXPECT_EQ(heard.greeting, greeting);
    EXPECT_EQ(heard.facts.capabilities, answer);
    EXPECT_FALSE(heard.facts.starttls_offered);
    EXPECT_EQ(heard.said, "EHLO x\r\nQUIT\r\n");
  }
}

TEST(MailDialogues, NameWhatTheyHeardEscaped) {
  EXPECT_EQ(HearSmtp("554 \x1b[2J\xff\r\n").detail, "\"554 \\x1b[2J\\xff\"");
  EXPECT_EQ(HearSmtp("\x1b[2J\r\n").detail, "not an SMTP reply: \"\\x1b[2J\"");
}

TEST(MailDialogues, KnowTheWordsForComeLater) {
  for (const char* words :
       {"421 4.7.0 Too many connections", "450 4.7.1 slow down", "554 5.7.0 Connection rate limit",
        "554 Too frequent connections", "554-busy; try again later\r\n554 bye"}) {
    EXPECT_EQ(HearSmtp(std::string(words) + "\r\n").outcome, Outcome::kThrottled) << words;
  }
  EXPECT_EQ(HearSmtp("554 no service\r\n").outcome, Outcome::kStartTlsRefused);
  // Only where it refuses: a greeting may talk of its limits.
  EXPECT_EQ(HearSmtp("220 no more than 5, too many get 421\r\n").said, "EHLO x\r\n");
  EXPECT_EQ(HearMail(NewPop3Dialogue(), "-ERR [SYS/TEMP] later\r\n").outcome, Outcome::kThrottled);
  EXPECT_EQ(HearMail(NewPop3Dialogue(), "-ERR no\r\n").outcome, Outcome::kStartTlsRefused);
  for (const char* words : {"* BYE [UNAVAILABLE] x", "* BYE [LIMIT] x", "* NO too many users"}) {
    const MailHeard heard = HearMail(NewImapDialogue(), std::string(words) + "\r\n");
    EXPECT_EQ(heard.outcome, Outcome::kThrottled) << words;
  }
  EXPECT_EQ(HearMail(NewImapDialogue(), "* BYE bye\r\n").outcome, Outcome::kStartTlsRefused);
}

}  // namespace
}  // namespace hark

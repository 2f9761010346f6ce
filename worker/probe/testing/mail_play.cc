#include "worker/probe/testing/mail_play.h"

#include <algorithm>
#include <cstdlib>

#include "base/strings.h"
#include "worker/probe/limits.h"
#include "worker/probe/mail_talk.h"

namespace hark {
namespace {

// Aborts if what we do is not what a dialogue may do whatever it hears.
void CheckPromises(const MailHeard& heard) {
  const MailFacts& facts = heard.facts;
  const bool early = !heard.greeted && !heard.said.empty();
  const bool only_goodbye = heard.next == DialogueStep::Next::kEnd;
  if (early && !only_goodbye) std::abort();  // talked before the greeting
  if (heard.next == DialogueStep::Next::kTls && !heard.greeted) std::abort();
  if (facts.starttls_offered && facts.starttls_forced) std::abort();
  if (heard.greeting.size() > kMaxGreetingKept) std::abort();
  if (facts.capabilities.size() > kMaxCapabilitiesKept) std::abort();
  if (facts.starttls_reply.size() > kMaxStartTlsReplyKept) std::abort();
  // What a stranger said never comes back out of our mouth: a few lines of ours at most.
  if (heard.said.size() > 200) std::abort();
}

}  // namespace

MailHeard HearMail(std::unique_ptr<MailDialogue> dialogue, std::string_view bytes,
                   const Cuts& cuts) {
  MailTalk talk(std::move(dialogue));
  MailHeard heard;
  for (std::string_view piece : cuts.Cut(bytes)) {
    while (heard.next == DialogueStep::Next::kMore) {
      const std::optional<DialogueStep> step = talk.Read(&piece);
      if (!step) break;
      heard.said += step->say;
      heard.next = step->next;
      heard.outcome = step->outcome;
      heard.detail = step->detail;
    }
    if (heard.next != DialogueStep::Next::kMore) break;
  }
  heard.greeted = talk.dialogue().greeted();
  heard.greeting = std::move(talk.greeting());
  heard.facts = std::move(talk.facts());
  return heard;
}

void FuzzMail(const std::function<std::unique_ptr<MailDialogue>(bool force)>& make,
              const uint8_t* data, size_t size) {
  if (size == 0) return;
  const bool force = (data[0] & 1) != 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const MailHeard whole = HearMail(make(force), bytes);
  CheckPromises(whole);
  if (HearMail(make(force), bytes, Cuts::Random(data[0] ^ size)) != whole) std::abort();
}

}  // namespace hark

#pragma once

// Plays a mail dialogue against given words, without TLS behind it: fast enough for a fuzzer.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "worker/probe/mail_dialogue.h"
#include "worker/probe/testing/cuts.h"

namespace hark {

struct MailHeard {
  std::string said;  // by us
  // After the last line understood: kMore where the peer stopped before the dialogue's end.
  DialogueStep::Next next = DialogueStep::Next::kMore;
  Outcome outcome = Outcome::kOk;
  std::string detail;
  bool greeted = false;
  std::string greeting;
  MailFacts facts;

  bool operator==(const MailHeard&) const = default;
};

MailHeard HearMail(std::unique_ptr<MailDialogue> dialogue, std::string_view bytes,
                   const Cuts& cuts = {});

// What the fuzz target of a mail protocol does: the first bit of the data forces STARTTLS, the
// rest of it is the server's. Aborts where the split law or a promise of the dialogues is broken.
void FuzzMail(const std::function<std::unique_ptr<MailDialogue>(bool force)>& make,
              const uint8_t* data, size_t size);

}  // namespace hark

#pragma once

// Cuts what a mail server says in plain into lines for its dialogue, keeps all of it as given, and
// ends what never ends. No TLS in here, so a dialogue can be played at full speed.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "worker/probe/mail_dialogue.h"

namespace hark {

class MailTalk {
 public:
  // `dialogue` may be nullptr for a port without one; then nothing but the constructor is called.
  explicit MailTalk(std::unique_ptr<MailDialogue> dialogue) : dialogue_(std::move(dialogue)) {}

  explicit operator bool() const { return dialogue_ != nullptr; }
  const MailDialogue& dialogue() const { return *dialogue_; }

  // Takes bytes off the front up to the end of a line and gives the dialogue's step after it;
  // nullopt when all were taken and the line goes on. A line or talk beyond limits is a step to the
  // end with Outcome::kTooLong.
  std::optional<DialogueStep> Read(std::string_view* bytes);

  // Part of a line waits for its rest.
  bool holds_part_of_a_line() const { return !line_.empty(); }
  // What it was saying when it stopped means "come later".
  bool was_saying_come_later() const;
  // As given, up to kMaxGreetingKept bytes; part of a line too.
  std::string& greeting() { return greeting_; }
  // The texts as given, up to kMaxCapabilitiesKept and kMaxStartTlsReplyKept bytes.
  MailFacts& facts() { return dialogue_->facts(); }

 private:
  void Keep(std::string_view bytes);

  std::unique_ptr<MailDialogue> dialogue_;
  std::string line_;
  std::string greeting_;
  size_t bytes_ = 0;  // of the whole talk
};

}  // namespace hark

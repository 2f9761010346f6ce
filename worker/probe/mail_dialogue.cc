#include "worker/probe/mail_dialogue.h"

#include "base/strings.h"

namespace hark {

std::unique_ptr<MailDialogue> NewMailDialogue(Protocol protocol, const ProbeOptions& options) {
  switch (protocol) {
    case Protocol::kSmtp:
      return NewSmtpDialogue(options.ehlo_name, options.force_starttls);
    case Protocol::kPop3:
      return NewPop3Dialogue(options.force_starttls);
    case Protocol::kImap:
      return NewImapDialogue(options.force_starttls);
    case Protocol::kUnknown:
    case Protocol::kSsh:
    case Protocol::kHttps:
    case Protocol::kImaps:
    case Protocol::kPop3s:
    case Protocol::kSmtps:
      return nullptr;
  }
  return nullptr;
}

DialogueStep SayAndGoOn(std::string_view line) {
  DialogueStep step;
  step.say = StrCat(line, "\r\n");
  return step;
}

DialogueStep BeginTls() {
  DialogueStep step;
  step.next = DialogueStep::Next::kTls;
  return step;
}

DialogueStep Farewell(std::string_view goodbye, Outcome outcome, std::string detail) {
  DialogueStep step;
  step.next = DialogueStep::Next::kEnd;
  if (!goodbye.empty()) step.say = StrCat(goodbye, "\r\n");
  step.outcome = outcome;
  step.detail = std::move(detail);
  return step;
}

}  // namespace hark

#include "worker/probe/mail_talk.h"

#include <algorithm>
#include <utility>

#include "worker/probe/conversation.h"
#include "worker/probe/limits.h"

namespace hark {
namespace {

void AppendUpTo(size_t limit, std::string_view bytes, std::string* text) {
  text->append(bytes.substr(0, limit - std::min(limit, text->size())));
}

}  // namespace

std::optional<DialogueStep> MailTalk::Read(std::string_view* bytes) {
  if (bytes->empty()) return std::nullopt;
  // One byte more than either limit allows is enough to know, however the bytes were cut.
  const size_t room = std::min(kMaxDialogueLine - line_.size(), kMaxDialogueBytes - bytes_) + 1;
  std::string_view piece = bytes->substr(0, room);
  const size_t end = piece.find('\n');
  if (end != std::string_view::npos) piece = piece.substr(0, end + 1);
  bytes->remove_prefix(piece.size());
  bytes_ += piece.size();
  line_ += piece;
  Keep(piece);
  if (bytes_ > kMaxDialogueBytes || line_.size() > kMaxDialogueLine) {
    return Farewell("", Outcome::kTooLong, "mail dialogue beyond our limits");
  }
  if (end == std::string_view::npos) return std::nullopt;
  std::string line = std::exchange(line_, {});
  line.pop_back();
  if (line.ends_with('\r')) line.pop_back();
  return dialogue_->OnLine(line);
}

void MailTalk::Keep(std::string_view bytes) {
  switch (dialogue_->part()) {
    case MailPart::kGreeting:
      return AppendUpTo(kMaxGreetingKept, bytes, &greeting_);
    case MailPart::kCapabilities:
      return AppendUpTo(kMaxCapabilitiesKept, bytes, &facts().capabilities);
    case MailPart::kStartTls:
      return AppendUpTo(kMaxStartTlsReplyKept, bytes, &facts().starttls_reply);
  }
}

bool MailTalk::was_saying_come_later() const {
  switch (dialogue_->part()) {
    case MailPart::kGreeting:
      return SaysComeLater(greeting_);
    case MailPart::kCapabilities:
      return SaysComeLater(dialogue_->facts().capabilities);
    case MailPart::kStartTls:
      return SaysComeLater(dialogue_->facts().starttls_reply);
  }
  return false;
}

}  // namespace hark

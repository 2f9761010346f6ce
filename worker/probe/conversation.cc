#include "worker/probe/conversation.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "worker/probe/limits.h"

namespace hark {
namespace {

// What is stored is in milliseconds.
constexpr Duration kShortestDelay = std::chrono::milliseconds(1);

}  // namespace

void Conversation::OnConnected(MonoTime now) {
  started_ = step_from_ = now_ = now;
  Begin();
}

void Conversation::OnBytes(std::string_view bytes, MonoTime now) {
  if (done_ || bytes.empty()) return;
  now_ = now;
  // No delay at all would read as "none came".
  if (!std::exchange(heard_a_byte_, true)) {
    verdict_.first_byte_delay = std::max<Duration>(now - started_, kShortestDelay);
  }
  Receive(bytes);
}

void Conversation::OnEof(MonoTime now) {
  EndByPeer(Outcome::kClosed, now);
}

void Conversation::OnReset(MonoTime now) {
  EndByPeer(Outcome::kReset, now);
}

void Conversation::OnDeadline(MonoTime now) {
  const bool heard = heard_ || HoldsPartOfSomething();
  EndByPeer(heard ? Outcome::kTooSlow : Outcome::kSilent, now);
}

std::string Conversation::TakeOutput() {
  return std::exchange(output_, {});
}

MonoTime Conversation::deadline() const {
  const MonoTime whole = started_ + options_.conversation_timeout;
  const MonoTime part =
      greeting_done_ ? step_from_ + options_.step_timeout : started_ + options_.greeting_timeout;
  return std::min(whole, part);
}

void Conversation::Say(std::string_view bytes) {
  output_ += bytes;
  step_from_ = now_;
  // Before the greeting is complete its deadline runs from connect, whatever we said meanwhile.
  if (greeting_done_) heard_ = false;
}

void Conversation::End(Outcome outcome, std::string detail) {
  if (done_) return;
  done_ = true;
  verdict_.outcome = outcome;
  verdict_.detail = std::move(detail);
  verdict_.duration = now_ - started_;
  if (outcome == Outcome::kOk) verdict_.stage = Stage::kDone;
}

void Conversation::EndByPeer(Outcome outcome, MonoTime now) {
  if (done_) return;
  now_ = now;
  End(outcome, {});
  WhatEndMeans(verdict_);
}

std::string Quote(std::string_view bytes) {
  const bool cut = bytes.size() > kMaxQuoted;
  return StrCat('"', EscapeForDisplay(bytes.substr(0, kMaxQuoted)), cut ? "…\"" : "\"");
}

bool ContainsIgnoreCase(std::string_view text, std::string_view upper_case_needle) {
  return AsciiUpper(text).find(upper_case_needle) != std::string::npos;
}

bool SaysComeLater(std::string_view text) {
  constexpr std::string_view kWords[] = {
      "NOT ALLOWED AT THIS TIME",  // OpenSSH >= 9.8, PerSourcePenalties
      "EXCEEDED MAXSTARTUPS",      // OpenSSH, MaxStartups
      "TOO MANY",                  // connections, sessions, errors: every mail server's word
      "TRY AGAIN LATER",
      "RATE LIMIT",
      "CONNECTION LIMIT",
      "CONNECTION RATE",
      "TOO FREQUENT",
      "SLOW DOWN",
      "TOO FAST",
      "THROTTL",
      "SYS/TEMP",  // RFC 3206
  };
  const std::string upper = AsciiUpper(text);
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](std::string_view word) { return upper.find(word) != std::string::npos; });
}

}  // namespace hark

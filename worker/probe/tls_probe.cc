#include "worker/probe/tls_probe.h"

#include <utility>

#include "base/strings.h"
#include "worker/probe/limits.h"

namespace hark {
namespace {

// Alerts that a server sends when it cannot do what the modern pass offers (RFC 8446 §6).
constexpr uint8_t kHandshakeFailure = 40;
constexpr uint8_t kProtocolVersion = 70;
constexpr uint8_t kInsufficientSecurity = 71;

Outcome OutcomeOf(TlsEngine::State state) {
  switch (state) {
    case TlsEngine::State::kHandshaking:
    case TlsEngine::State::kDone:
      return Outcome::kOk;
    case TlsEngine::State::kNotTls:
      return Outcome::kNotThisProtocol;
    case TlsEngine::State::kTooLong:
      return Outcome::kTooLong;
    case TlsEngine::State::kAlert:
      return Outcome::kTlsAlert;
    case TlsEngine::State::kNoCommon:
      return Outcome::kNoCommonAlgorithm;
    case TlsEngine::State::kBroken:
      return Outcome::kProtocolError;
    case TlsEngine::State::kLocalFault:
      return Outcome::kLocalError;
  }
  return Outcome::kLocalError;
}

bool StartsRecord(char c) {
  return c == '\x15' || c == '\x16';  // alert, handshake
}

}  // namespace

TlsProbe::TlsProbe(const ProbeOptions& options, const TlsContexts& contexts, TlsPass pass,
                   std::unique_ptr<MailDialogue> dialogue)
    : Conversation(options),
      contexts_(contexts),
      pass_(pass),
      talk_(std::move(dialogue)),
      engine_(pass) {}

void TlsProbe::Begin() {
  Reach(Stage::kGreeting);
  if (!talk_) StartTls();
}

void TlsProbe::Receive(std::string_view bytes) {
  if (!in_tls_) ReadLines(bytes);
  if (in_tls_ && !done()) ReadTls(bytes);
}

void TlsProbe::ReadLines(std::string_view& bytes) {
  while (!in_tls_ && !done()) {
    std::optional<DialogueStep> step = talk_.Read(&bytes);
    if (!step) return;
    Follow(std::move(*step));
  }
}

void TlsProbe::Follow(DialogueStep step) {
  Heard();
  Reach(talk_.dialogue().stage());
  if (talk_.dialogue().greeted()) GreetingDone();
  if (!step.say.empty()) Say(step.say);
  switch (step.next) {
    case DialogueStep::Next::kMore:
      break;
    case DialogueStep::Next::kTls:
      StartTls();
      break;
    case DialogueStep::Next::kEnd:
      End(step.outcome, std::move(step.detail));
      break;
  }
}

void TlsProbe::StartTls() {
  in_tls_ = true;
  GreetingDone();
  engine_.Start(contexts_.Get(pass_));
  FollowEngine();
}

void TlsProbe::ReadTls(std::string_view bytes) {
  // A server cannot answer a ClientHello it has not seen, so what comes between the go-ahead and
  // the first record was put there in plain, by it or by somebody in between. It is counted and
  // dropped wherever the network cut it, and believed in no case.
  while (talk_ && !engine_.heard_anything() && !bytes.empty() && !StartsRecord(bytes.front())) {
    bytes.remove_prefix(1);
    if (++smuggled_ > kMaxSmuggled) {
      End(Outcome::kNotThisProtocol, "plaintext instead of TLS after the go-ahead");
      return;
    }
  }
  if (bytes.empty()) return;
  engine_.Feed(bytes);
  FollowEngine();
}

void TlsProbe::FollowEngine() {
  Reach(engine_.stage());
  const std::string out = engine_.TakeOutput();
  if (!out.empty()) Say(out);
  if (engine_.state() == TlsEngine::State::kHandshaking) return;
  std::string detail = engine_.detail();
  if (smuggled_ > 0) {
    detail +=
        StrCat(detail.empty() ? "" : "; ", smuggled_, " bytes of plaintext after the go-ahead");
  }
  End(OutcomeOf(engine_.state()), std::move(detail));
}

bool TlsProbe::HoldsPartOfSomething() const {
  return talk_.holds_part_of_a_line() || smuggled_ > 0 || engine_.heard_anything();
}

void TlsProbe::WhatEndMeans(Verdict& verdict) const {
  if (in_tls_ && !engine_.heard_anything() && smuggled_ > 0) {
    verdict.outcome = Outcome::kNotThisProtocol;
    verdict.detail = StrCat(smuggled_, " bytes of plaintext instead of TLS after the go-ahead");
  } else if (!in_tls_ && talk_.was_saying_come_later()) {
    verdict.outcome = Outcome::kThrottled;
  }
}

std::optional<MailFacts> TlsProbe::TakeMailFacts() {
  if (!talk_ || !talk_.dialogue().greeted()) return std::nullopt;
  talk_.facts().smuggled_bytes = static_cast<uint32_t>(smuggled_);
  return std::move(talk_.facts());
}

bool TlsProbe::wants_legacy() const {
  if (pass_ == TlsPass::kLegacy || !in_tls_) return false;
  switch (verdict().outcome) {
    case Outcome::kTlsAlert: {
      const uint8_t alert = engine_.facts().alert.value_or(0);
      return alert == kHandshakeFailure || alert == kProtocolVersion ||
             alert == kInsufficientSecurity;
    }
    case Outcome::kNoCommonAlgorithm:
      return true;
    case Outcome::kClosed:
    case Outcome::kReset:  // hung up on the ClientHello: some old stacks do instead of an alert
      return !engine_.heard_anything() && smuggled_ == 0;
    case Outcome::kOk:
    case Outcome::kRefused:
    case Outcome::kSilent:
    case Outcome::kUnreachable:
    case Outcome::kNotThisProtocol:
    case Outcome::kTooLong:
    case Outcome::kTooSlow:
    case Outcome::kProtocolError:
    case Outcome::kStartTlsRefused:
    case Outcome::kThrottled:
    case Outcome::kLocalError:
      return false;
  }
  return false;
}

}  // namespace hark

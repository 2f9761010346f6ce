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

Outcome OutcomeOf(TlsTalk::State state) {
  switch (state) {
    case TlsTalk::State::kHandshaking:
    case TlsTalk::State::kOpen:
    case TlsTalk::State::kDone:
      return Outcome::kOk;
    case TlsTalk::State::kNotTls:
      return Outcome::kNotThisProtocol;
    case TlsTalk::State::kTooLong:
      return Outcome::kTooLong;
    case TlsTalk::State::kAlert:
      return Outcome::kTlsAlert;
    case TlsTalk::State::kNoCommon:
      return Outcome::kNoCommonAlgorithm;
    case TlsTalk::State::kBroken:
      return Outcome::kProtocolError;
    case TlsTalk::State::kLocalFault:
      return Outcome::kLocalError;
  }
  return Outcome::kLocalError;
}

bool StartsRecord(char c) {
  return c == '\x15' || c == '\x16';  // alert, handshake
}

TlsEngine::Settings SettingsOf(const ProbeOptions& options, const TlsContexts& contexts,
                               const TlsWish& wish) {
  TlsEngine::Settings settings;
  settings.context = contexts.Get(wish.pass, wish.family);
  settings.legacy = wish.pass == TlsPass::kLegacy;
  settings.stop_at_certificate = options.handshake == Handshake::kCertificate;
  settings.offer_http = wish.web;
  settings.stay_open = !wish.http_get.empty() && !settings.stop_at_certificate;
  return settings;
}

std::unique_ptr<TlsTalk> NewTalk(const ProbeOptions& options, const TlsContexts& contexts,
                                 const TlsWish& wish) {
  if (wish.pass == TlsPass::kRaw) return std::make_unique<TlsRawHello>();
  return std::make_unique<TlsEngine>(SettingsOf(options, contexts, wish));
}

}  // namespace

TlsProbe::TlsProbe(const ProbeOptions& options, const TlsContexts& contexts, TlsWish wish,
                   std::unique_ptr<MailDialogue> dialogue)
    : Conversation(options),
      wish_(std::move(wish)),
      mail_(std::move(dialogue)),
      tls_(NewTalk(options, contexts, wish_)) {}

void TlsProbe::Begin() {
  Reach(Stage::kGreeting);
  if (!mail_) StartTls();
}

void TlsProbe::Receive(std::string_view bytes) {
  if (!in_tls_) ReadLines(bytes);
  if (in_tls_ && !done()) ReadTls(bytes);
}

void TlsProbe::ReadLines(std::string_view& bytes) {
  while (!in_tls_ && !done()) {
    std::optional<DialogueStep> step = mail_.Read(&bytes);
    if (!step) return;
    Follow(std::move(*step));
  }
}

void TlsProbe::Follow(DialogueStep step) {
  Heard();
  Reach(mail_.dialogue().stage());
  if (mail_.dialogue().greeted()) GreetingDone();
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
  engine_.Start();
  FollowEngine();
}

void TlsProbe::ReadTls(std::string_view bytes) {
  // A server cannot answer a ClientHello it has not seen, so what comes between the go-ahead and
  // the first record was put there in plain, by it or by somebody in between. It is counted and
  // dropped wherever the network cut it, and believed in no case.
  while (mail_ && !engine_.heard_anything() && !bytes.empty() && !StartsRecord(bytes.front())) {
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
  if (head_) {
    ReadHttp();
    return;
  }
  if (engine_.state() == TlsTalk::State::kOpen) AskHttp();
  if (head_) return;
  Reach(engine_.stage());
  const std::string out = engine_.TakeOutput();
  if (!out.empty()) Say(out);
  if (engine_.state() != TlsTalk::State::kHandshaking) EndTls(engine_.detail());
}

void TlsProbe::EndTls(std::string detail) {
  if (smuggled_ > 0) {
    detail +=
        StrCat(detail.empty() ? "" : "; ", smuggled_, " bytes of plaintext after the go-ahead");
  }
  End(head_ ? Outcome::kOk : OutcomeOf(engine_.state()), std::move(detail));
}

// Only an OpenSSL engine that was told to stay open is ever in kOpen.
void TlsProbe::AskHttp() {
  open_ = static_cast<TlsEngine*>(tls_.get());
  open_->Say(wish_.http_get);
  head_.emplace();
  Reach(Stage::kHttp);
  Say(engine_.TakeOutput());
  ReadHttp();
}

void TlsProbe::ReadHttp() {
  for (std::string data = open_->TakeData(); !data.empty(); data = open_->TakeData()) {
    Heard();
    head_->Feed(data);
    if (head_->state() != HttpHead::State::kMore) break;
  }
  std::string detail;
  switch (head_->state()) {
    case HttpHead::State::kMore:
      if (engine_.state() == TlsTalk::State::kOpen) return;
      detail =
          StrCat("http: ", engine_.state() == TlsTalk::State::kDone ? "closed" : engine_.detail());
      break;
    case HttpHead::State::kWhole:
      break;
    case HttpHead::State::kTooLong:
      detail = "http: the head is beyond our limit";
      break;
    case HttpHead::State::kNotHttp:
      detail = "http: the answer is no HTTP";
      break;
  }
  if (engine_.state() == TlsTalk::State::kOpen) open_->Close();
  Say(engine_.TakeOutput());
  EndTls(std::move(detail));
}

std::optional<HttpFacts> TlsProbe::TakeHttp() {
  if (!head_ || head_->empty()) return std::nullopt;
  return head_->TakeFacts();
}

bool TlsProbe::HoldsPartOfSomething() const {
  if (head_) return !head_->empty();
  return mail_.holds_part_of_a_line() || smuggled_ > 0 || engine_.heard_anything();
}

void TlsProbe::WhatEndMeans(Verdict& verdict) const {
  if (head_) {  // the handshake is complete, and that is what the survey is for
    verdict.detail = StrCat("http: ", OutcomeName(verdict.outcome));
    verdict.outcome = Outcome::kOk;
    verdict.stage = Stage::kDone;
    return;
  }
  if (in_tls_ && !engine_.heard_anything() && smuggled_ > 0) {
    verdict.outcome = Outcome::kNotThisProtocol;
    verdict.detail = StrCat(smuggled_, " bytes of plaintext instead of TLS after the go-ahead");
  } else if (!in_tls_ && mail_.was_saying_come_later()) {
    verdict.outcome = Outcome::kThrottled;
  }
}

std::optional<MailFacts> TlsProbe::TakeMailFacts() {
  if (!mail_ || !mail_.dialogue().greeted()) return std::nullopt;
  mail_.facts().smuggled_bytes = static_cast<uint32_t>(smuggled_);
  return std::move(mail_.facts());
}

bool TlsProbe::wants_older() const {
  if (wish_.pass == TlsPass::kRaw || !in_tls_) return false;
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

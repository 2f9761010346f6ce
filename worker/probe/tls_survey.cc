#include "worker/probe/tls_survey.h"

#include <utility>

#include "base/strings.h"

namespace hark {
namespace {

// More is a chain, then a ServerHello, then nothing.
int HowMuch(const TlsFacts& facts) {
  return !facts.chain.empty() ? 2 : facts.version != 0 ? 1 : 0;
}

std::string Describe(const Verdict& verdict, const TlsFacts& facts) {
  std::string out = StrCat(OutcomeName(verdict.outcome), " at ", StageName(verdict.stage));
  if (facts.alert) out += StrCat(" (alert ", int{*facts.alert}, ")");
  return verdict.detail.empty() ? out : StrCat(out, ", ", verdict.detail);
}

}  // namespace

TlsSurvey::TlsSurvey(uint16_t port, Protocol protocol, std::shared_ptr<const SurveyShared> shared)
    : shared_(std::move(shared)) {
  observation_.port = port;
  observation_.protocol = protocol;
}

Probe* TlsSurvey::Next() {
  if (step_ == Step::kOver) return nullptr;
  const TlsPass pass = step_ == Step::kModern ? TlsPass::kModern : TlsPass::kLegacy;
  probe_ = std::make_unique<TlsProbe>(shared_->options, shared_->contexts, pass,
                                      NewMailDialogue(observation_.protocol, shared_->options));
  return probe_.get();
}

void TlsSurvey::OnConnectFailed(Outcome outcome, MonoTime /*now*/) {
  probe_.reset();
  if (step_ == Step::kModern) {
    observation_.outcome = outcome;
    observation_.stage = Stage::kConnect;
  } else {
    observation_.detail += StrCat("; legacy pass: ", OutcomeName(outcome), " at connect");
  }
  step_ = Step::kOver;
}

void TlsSurvey::OnProbeDone(MonoTime /*now*/) {
  ++observation_.connections;
  observation_.duration += probe_->verdict().duration;
  if (step_ == Step::kModern) {
    TakeModern();
  } else {
    TakeLegacy();
  }
  probe_.reset();
}

void TlsSurvey::TakeModern() {
  const Verdict& verdict = probe_->verdict();
  observation_.outcome = verdict.outcome;
  observation_.stage = verdict.stage;
  observation_.detail = verdict.detail;
  TakeMail();
  step_ = probe_->wants_legacy() ? Step::kLegacy : Step::kOver;
  if (probe_->reached_tls()) observation_.tls = std::move(probe_->facts());
}

// The dialogue of the first connection; a further one says the same again.
void TlsSurvey::TakeMail() {
  observation_.greeting = std::move(probe_->greeting());
  observation_.mail = probe_->TakeMailFacts();
  if (!observation_.greeting.empty()) {
    observation_.greeting_delay = probe_->verdict().first_byte_delay;
  }
}

// The pass that learnt more is the observation; the other stays in the detail.
void TlsSurvey::TakeLegacy() {
  step_ = Step::kOver;
  const Verdict& verdict = probe_->verdict();
  TlsFacts& facts = probe_->facts();
  if (verdict.outcome != Outcome::kOk && HowMuch(facts) <= HowMuch(*observation_.tls)) {
    observation_.detail +=
        StrCat(observation_.detail.empty() ? "" : "; ", "legacy pass: ", Describe(verdict, facts));
    return;
  }
  const Verdict modern{observation_.outcome, observation_.stage, observation_.detail, {}, {}};
  observation_.detail = StrCat(verdict.detail, verdict.detail.empty() ? "" : "; ",
                               "modern pass: ", Describe(modern, *observation_.tls));
  observation_.outcome = verdict.outcome;
  observation_.stage = verdict.stage;
  observation_.tls = std::move(facts);
}

PortObservation TlsSurvey::Finish() {
  return std::exchange(observation_, {});
}

}  // namespace hark

#include "worker/probe/tls_survey.h"

#include <utility>

#include "base/strings.h"
#include "keys/certificate.h"

namespace hark {
namespace {

// More is a chain, then a ServerHello, then nothing.
int HowMuch(const TlsFacts& facts) {
  return !facts.chain.empty() ? 2 : facts.version != 0 ? 1 : 0;
}

std::string_view PassName(TlsPass pass) {
  switch (pass) {
    case TlsPass::kModern:
      return "modern pass";
    case TlsPass::kLegacy:
      return "legacy pass";
    case TlsPass::kRaw:
      return "raw pass";
  }
  return "";
}

std::string Describe(const Verdict& verdict, const TlsFacts& facts) {
  std::string out = StrCat(OutcomeName(verdict.outcome), " at ", StageName(verdict.stage));
  if (facts.alert) out += StrCat(" (alert ", int{*facts.alert}, ")");
  return verdict.detail.empty() ? out : StrCat(out, ", ", verdict.detail);
}

// A server that has no such certificate says so by one of these.
bool IsRefusal(Outcome outcome) {
  return outcome == Outcome::kOk || outcome == Outcome::kTlsAlert ||
         outcome == Outcome::kNoCommonAlgorithm;
}

}  // namespace

TlsSurvey::TlsSurvey(uint16_t port, Protocol protocol, std::string host,
                     std::shared_ptr<const SurveyShared> shared)
    : shared_(std::move(shared)), host_(std::move(host)) {
  observation_.port = port;
  observation_.protocol = protocol;
}

TlsWish TlsSurvey::WishOf(Step step) const {
  TlsWish wish(pass_);
  wish.web = observation_.protocol == Protocol::kHttps;
  if (step == Step::kOtherLeaf) {
    wish.family = family_;
  } else if (wish.web && shared_->options.http_get) {
    wish.http_get = HttpGetRequest(shared_->options, host_, observation_.port);
  }
  return wish;
}

Probe* TlsSurvey::Next() {
  if (step_ == Step::kOver) return nullptr;
  probe_ = std::make_unique<TlsProbe>(shared_->options, shared_->contexts, WishOf(step_),
                                      NewMailDialogue(observation_.protocol, shared_->options));
  return probe_.get();
}

void TlsSurvey::OnConnectFailed(Outcome outcome, MonoTime /*now*/) {
  probe_.reset();
  if (step_ == Step::kModern) {
    observation_.outcome = outcome;
    observation_.stage = Stage::kConnect;
  } else {
    const std::string_view what = step_ == Step::kOtherLeaf ? "other leaf" : PassName(pass_);
    AddDetail(StrCat(what, ": ", OutcomeName(outcome), " at connect"));
  }
  step_ = Step::kOver;
}

void TlsSurvey::OnProbeDone(MonoTime /*now*/) {
  ++observation_.connections;
  observation_.duration += probe_->verdict().duration;
  switch (step_) {
    case Step::kModern:
      TakeModern();
      break;
    case Step::kLegacy:
    case Step::kRaw:
      TakeOlder();
      break;
    case Step::kOtherLeaf:
      TakeOtherLeaf();
      break;
    case Step::kOver:
      break;
  }
  probe_.reset();
}

void TlsSurvey::TakeModern() {
  const Verdict& verdict = probe_->verdict();
  observation_.outcome = verdict.outcome;
  observation_.stage = verdict.stage;
  observation_.detail = verdict.detail;
  TakeMail();
  const bool older = probe_->wants_older();
  if (probe_->reached_tls()) observation_.tls = std::move(probe_->facts());
  observation_.http = probe_->TakeHttp();
  if (older) {
    step_ = Step::kLegacy;
    pass_ = TlsPass::kLegacy;
  } else {
    step_ = StepAfterPass();
  }
}

// The dialogue of the first connection; a further one says the same again.
void TlsSurvey::TakeMail() {
  observation_.greeting = std::move(probe_->greeting());
  observation_.mail = probe_->TakeMailFacts();
  if (!observation_.greeting.empty()) {
    observation_.greeting_delay = probe_->verdict().first_byte_delay;
  }
}

// The pass that learnt more is the observation; the others stay in the detail.
void TlsSurvey::TakeOlder() {
  const bool older = probe_->wants_older();
  const Verdict& verdict = probe_->verdict();
  TlsFacts& facts = probe_->facts();
  if (verdict.outcome != Outcome::kOk && HowMuch(facts) <= HowMuch(*observation_.tls)) {
    AddDetail(StrCat(PassName(pass_), ": ", Describe(verdict, facts)));
  } else {
    const Verdict before{observation_.outcome, observation_.stage, observation_.detail, {}, {}};
    const std::string demoted =
        StrCat(PassName(seen_in_), ": ", Describe(before, *observation_.tls));
    observation_.detail = verdict.detail;
    AddDetail(demoted);
    observation_.outcome = verdict.outcome;
    observation_.stage = verdict.stage;
    observation_.tls = std::move(facts);
    observation_.http = probe_->TakeHttp();
    seen_in_ = pass_;
  }
  if (older) {
    step_ = Step::kRaw;
    pass_ = TlsPass::kRaw;
  } else {
    step_ = StepAfterPass();
  }
}

TlsSurvey::Step TlsSurvey::StepAfterPass() {
  if (observation_.outcome != Outcome::kOk || seen_in_ == TlsPass::kRaw) return Step::kOver;
  family_ = LikelyOther();
  return family_ == LeafFamily::kAny ? Step::kOver : Step::kOtherLeaf;
}

LeafFamily TlsSurvey::LikelyOther() const {
  if (!observation_.tls || observation_.tls->chain.empty()) return LeafFamily::kAny;
  const std::string type = KeyTypeOfCertificate(observation_.tls->chain.front());
  if (type == "rsa") return shared_->options.all_leaves ? LeafFamily::kEcdsa : LeafFamily::kAny;
  return type.empty() ? LeafFamily::kAny : LeafFamily::kRsa;
}

// That it has no other is no failure; that it did not answer is worth a word.
void TlsSurvey::TakeOtherLeaf() {
  step_ = Step::kOver;
  const Verdict& verdict = probe_->verdict();
  TlsFacts& facts = probe_->facts();
  if (!IsRefusal(verdict.outcome)) AddDetail(StrCat("other leaf: ", Describe(verdict, facts)));
  if (facts.chain.empty()) return;
  const std::string wanted = family_ == LeafFamily::kRsa ? "rsa" : "ecdsa";
  if (KeyTypeOfCertificate(facts.chain.front()) != wanted) return;
  observation_.tls->other_leaf =
      TlsOtherLeaf{facts.version, facts.cipher_suite, facts.signature_scheme,
                   std::move(facts.chain), facts.proof};
}

void TlsSurvey::AddDetail(const std::string& words) {
  observation_.detail += StrCat(observation_.detail.empty() ? "" : "; ", words);
}

PortObservation TlsSurvey::Finish() {
  return std::exchange(observation_, {});
}

}  // namespace hark

#include "worker/probe/ssh_survey.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "keys/hassh.h"
#include "worker/probe/limits.h"

namespace hark {

SshSurvey::SshSurvey(uint16_t port, std::shared_ptr<const ProbeOptions> options, uint64_t seed)
    : options_(std::move(options)), random_(seed) {
  observation_.port = port;
  observation_.protocol = Protocol::kSsh;
  to_ask_.push_back({"any", AllSshHostKeyAlgorithms()});
}

Probe* SshSurvey::Next() {
  if (to_ask_.empty()) return nullptr;
  asking_ = std::move(to_ask_.front());
  to_ask_.pop_front();
  probe_ = std::make_unique<SshProbe>(*options_, asking_->algorithms);
  return probe_.get();
}

void SshSurvey::OnConnectFailed(Outcome outcome, MonoTime /*now*/) {
  probe_.reset();
  if (!first_over_) {
    first_over_ = true;
    observation_.outcome = outcome;
    observation_.stage = Stage::kConnect;
    Stop();
  } else if (outcome == Outcome::kLocalError) {
    Note(StrCat(asking_->name, ": ", OutcomeName(outcome), " at connect"));
    Stop();
  } else {
    Throttled(Stage::kConnect, OutcomeName(outcome));
  }
}

void SshSurvey::OnProbeDone(MonoTime /*now*/) {
  const Verdict verdict = probe_->verdict();
  const bool spoke_ssh = probe_->spoke_ssh();
  SshFacts facts = probe_->TakeFacts();
  probe_.reset();
  ++observation_.connections;
  observation_.duration += verdict.duration;
  if (!first_over_) {
    observation_.ssh = std::move(facts);
    OnFirstDone(verdict, spoke_ssh);
  } else {
    std::string& method = observation_.ssh->kex_algorithm;
    if (method.empty()) method = facts.kex_algorithm;
    auto& keys = observation_.ssh->keys;
    for (SshHostKey& key : facts.keys) {
      // A server that shows one key whatever is asked has one key.
      const bool seen = std::any_of(keys.begin(), keys.end(),
                                    [&](const SshHostKey& k) { return k.blob == key.blob; });
      if (!seen) keys.push_back(std::move(key));
    }
    OnFurtherDone(verdict, spoke_ssh);
  }
  DrawPause();
}

void SshSurvey::OnFirstDone(const Verdict& verdict, bool spoke_ssh) {
  first_over_ = true;
  observation_.outcome = verdict.outcome;
  observation_.stage = verdict.stage;
  observation_.detail = verdict.detail;
  observation_.greeting_delay = verdict.first_byte_delay;
  if (!spoke_ssh && observation_.ssh->pre_lines.empty()) observation_.ssh.reset();
  if (!observation_.ssh || !observation_.ssh->kex_init) return;
  Fingerprint(*observation_.ssh);
  if (IsHybridKex(observation_.ssh->agreed->kex)) Note("only hybrid key exchanges offered");
  if (verdict.outcome != Outcome::kThrottled) PlanFurther();
}

void SshSurvey::Fingerprint(SshFacts& facts) {
  const SshKexInit& init = *facts.kex_init;
  facts.hassh_server = HasshServer(init.kex_algorithms, init.encryption_server_to_client,
                                   init.mac_server_to_client, init.compression_server_to_client);
  facts.passive_ssh_hassh =
      PassiveSshHassh(init.server_host_key_algorithms, init.encryption_server_to_client,
                      init.mac_server_to_client, init.compression_server_to_client);
}

void SshSurvey::PlanFurther() {
  const SshFacts& facts = *observation_.ssh;
  // A list was seen but the exchange failed: for want of a type we know, the unknown ones are worth
  // asking for; for anything else the next exchange would fail the same way.
  if (facts.keys.empty() && observation_.outcome != Outcome::kNoCommonAlgorithm) return;
  if (facts.kex_algorithm.empty() &&
      !NegotiateSsh(kSshKexMethods, facts.kex_init->kex_algorithms)) {
    return;
  }
  if (!options_->all_ssh_keys && !facts.keys.empty()) return;
  for (SshKeyFamily& family : OfferedSshKeyFamilies(facts.kex_init->server_host_key_algorithms)) {
    const bool have =
        !facts.keys.empty() && NameListHas(family.algorithms, facts.keys.front().algorithm);
    if (!have && to_ask_.size() + 1 < kMaxSshConnections) to_ask_.push_back(std::move(family));
  }
}

void SshSurvey::OnFurtherDone(const Verdict& verdict, bool spoke_ssh) {
  if (verdict.outcome == Outcome::kOk) {
    observation_.outcome = Outcome::kOk;
    observation_.stage = Stage::kDone;
    if (!verdict.detail.empty()) Note(StrCat(asking_->name, ": ", verdict.detail));
    return;
  }
  if (verdict.outcome == Outcome::kThrottled || !spoke_ssh) {
    Throttled(verdict.stage, verdict.detail.empty() ? OutcomeName(verdict.outcome)
                                                    : std::string_view(verdict.detail));
    return;
  }
  Note(StrCat(asking_->name, ": ", OutcomeName(verdict.outcome), " at ", StageName(verdict.stage),
              verdict.detail.empty() ? "" : ", ", verdict.detail));
  if (observation_.ssh->keys.empty()) {
    observation_.outcome = verdict.outcome;
    observation_.stage = verdict.stage;
  }
}

// It spoke SSH a moment ago. Asking on would only prolong what it wants to end, so what is left is
// for another visit; the outcome says that there is something left.
void SshSurvey::Throttled(Stage stage, std::string_view how) {
  observation_.outcome = Outcome::kThrottled;
  observation_.stage = stage;
  Note(StrCat(asking_->name, ": ", OutcomeName(Outcome::kThrottled), " at ", StageName(stage), ", ",
              how));
  Stop();
}

void SshSurvey::DrawPause() {
  const Duration spread = options_->pause_max - options_->pause_min;
  const uint64_t span = spread.count() > 0 ? static_cast<uint64_t>(spread.count()) + 1 : 1;
  pause_ = options_->pause_min + Duration(static_cast<int64_t>(random_.Below(span)));
}

void SshSurvey::Note(const std::string& what) {
  if (!observation_.detail.empty()) observation_.detail += "; ";
  observation_.detail += what;
}

PortObservation SshSurvey::Finish() {
  return std::exchange(observation_, {});
}

}  // namespace hark

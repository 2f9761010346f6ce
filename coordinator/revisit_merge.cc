#include "coordinator/revisit_merge.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/outcome.h"

namespace hark {
namespace {

bool SaidNothing(const proto::PortObservation& seen) {
  return seen.greeting().empty() && seen.ssh().identification().empty() &&
         seen.ssh().pre_lines().empty();
}

// Verified beats merely shown beats wrong.
int Worth(const proto::SshHostKey& key) {
  switch (static_cast<Proof>(key.proof())) {
    case Proof::kVerified:
      return 2;
    case Proof::kUnverified:
      return 1;
    case Proof::kBad:
      return 0;
  }
  return 0;
}

void AddKey(const proto::SshHostKey& key, proto::SshFacts* facts) {
  auto& keys = *facts->mutable_keys();
  const auto same =
      std::find_if(keys.begin(), keys.end(), [&](const auto& k) { return k.blob() == key.blob(); });
  if (same == keys.end()) {
    *facts->add_keys() = key;
  } else if (Worth(key) > Worth(*same)) {
    *same = key;
  }
}

// One exchange's lists belong together: they are taken whole or not at all.
void MergeSsh(const proto::SshFacts& again, proto::SshFacts* known) {
  const proto::SshFacts before = *known;
  if (again.has_kex_init()) {
    *known = again;
    if (again.pre_lines().empty()) *known->mutable_pre_lines() = before.pre_lines();
    known->clear_keys();
    for (const auto& key : before.keys()) AddKey(key, known);
  } else if (!again.identification().empty()) {
    known->set_identification(again.identification());
    if (!again.pre_lines().empty()) *known->mutable_pre_lines() = again.pre_lines();
  }
  for (const auto& key : again.keys()) AddKey(key, known);
}

void MergeTls(const proto::TlsFacts& again, proto::TlsFacts* known) {
  const bool has_chain = again.chain_sha256_size() > 0;
  if (!has_chain && known->chain_sha256_size() > 0) return;
  const proto::TlsFacts before = *known;
  *known = again;
  if (again.has_other_leaf()) return;
  if (before.has_other_leaf()) {
    *known->mutable_other_leaf() = before.other_leaf();
  } else if (has_chain && before.chain_sha256_size() > 0 &&
             before.chain_sha256(0) != again.chain_sha256(0)) {
    proto::TlsOtherLeaf& other = *known->mutable_other_leaf();
    other.set_version(before.version());
    other.set_cipher_suite(before.cipher_suite());
    other.set_signature_scheme(before.signature_scheme());
    *other.mutable_chain_sha256() = before.chain_sha256();
    other.set_proof(before.proof());
  }
}

}  // namespace

bool StaysThrottled(const proto::PortObservation& again) {
  const auto outcome = static_cast<Outcome>(again.outcome());
  const auto stage = static_cast<Stage>(again.stage());
  if (outcome == Outcome::kThrottled || outcome == Outcome::kLocalError) return true;
  if (stage == Stage::kConnect) return true;
  const bool left =
      outcome == Outcome::kClosed || outcome == Outcome::kReset || outcome == Outcome::kSilent;
  return stage == Stage::kGreeting && left && SaidNothing(again);
}

proto::PortRow MergeVisits(const proto::PortRow& known, const proto::PortRow& again,
                           uint32_t visits) {
  proto::PortRow row = known;
  proto::PortObservation& seen = *row.mutable_observation();
  const proto::PortObservation& fresh = again.observation();
  const bool better = !StaysThrottled(fresh);
  if (better) {
    seen.set_outcome(fresh.outcome());
    seen.set_stage(fresh.stage());
    seen.set_detail(fresh.detail());
  }
  if (!fresh.greeting().empty() && (better || seen.greeting().empty())) {
    seen.set_greeting(fresh.greeting());
    seen.set_greeting_delay_ms(fresh.greeting_delay_ms());
  }
  if (fresh.has_ssh()) MergeSsh(fresh.ssh(), seen.mutable_ssh());
  if (fresh.has_tls()) MergeTls(fresh.tls(), seen.mutable_tls());
  // Turned away before its capabilities, it said less than before.
  const bool said_more = better || !seen.has_mail() || !fresh.mail().capabilities().empty();
  if (fresh.has_mail() && said_more) *seen.mutable_mail() = fresh.mail();
  if (fresh.has_http()) *seen.mutable_http() = fresh.http();
  seen.set_connections(seen.connections() + fresh.connections());
  seen.set_duration_ms(seen.duration_ms() + fresh.duration_ms());
  std::set<std::string> keys(row.keys().begin(), row.keys().end());
  keys.insert(again.keys().begin(), again.keys().end());
  *row.mutable_keys() = {keys.begin(), keys.end()};
  row.set_visits(visits);
  return row;
}

}  // namespace hark

#include "api/fact_json.h"

#include <algorithm>

#include "analysis/json_text.h"
#include "analysis/observation_json.h"
#include "analysis/report.h"
#include "api/key_words.h"
#include "api/named_fact.h"
#include "base/bytes.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/ssh_key.h"
#include "keys/tls_names.h"

namespace hark {
namespace {

// Certificates of hosting companies name hundreds of sites; all of them are in the certificate's
// own answer.
constexpr size_t kMostNames = 32;

struct OutcomeValue {
  std::string outcome, stage;
};
OutcomeValue ReadOutcome(std::string_view value) {
  ByteReader in(value);
  const auto outcome = static_cast<Outcome>(in.U8());
  const auto stage = static_cast<Stage>(in.U8());
  return {std::string(OutcomeName(outcome)), std::string(StageName(stage))};
}

struct TlsValue {
  uint16_t version = 0, suite = 0;
  std::string group;
};
TlsValue ReadTls(std::string_view value) {
  ByteReader in(value);
  TlsValue tls;
  tls.version = in.U16();
  tls.suite = in.U16();
  tls.group = EscapeForDisplay(value.substr(std::min<size_t>(4, value.size())));
  return tls;
}

Json CodeAndName(uint16_t code, const std::string& name) {
  return {{"code", code}, {"name", name}};
}

void AddTls(const Fact& fact, Json& out) {
  const TlsValue tls = ReadTls(fact.value);
  out["version"] = CodeAndName(tls.version, TlsVersionName(tls.version));
  out["cipher_suite"] = CodeAndName(tls.suite, TlsSuiteName(tls.suite));
  if (!tls.group.empty()) out["group"] = tls.group;
}

Json BriefNames(const CertificateFacts& facts) {
  Json names = Json::array();
  for (const auto* list : {&facts.dns_names, &facts.ips}) {
    for (const std::string& name : *list) {
      if (names.size() < kMostNames) names.push_back(EscapeForDisplay(name));
    }
  }
  return names;
}

bool IsMissing(const Status& status) {
  return status.code() == StatusCode::kNotFound;
}

}  // namespace

std::string FactName(const Fact& fact) {
  std::string value;
  switch (fact.kind) {
    case FactKind::kKey:
    case FactKind::kCertificate:
    case FactKind::kBanner:
    case FactKind::kAlgorithms:
      value = FactRef(fact);
      break;
    case FactKind::kOutcome: {
      const OutcomeValue outcome = ReadOutcome(fact.value);
      value = StrCat(outcome.outcome, "/", outcome.stage);
      break;
    }
    case FactKind::kTls: {
      const TlsValue tls = ReadTls(fact.value);
      value = StrCat(TlsVersionName(tls.version), "/", TlsSuiteName(tls.suite), "/", tls.group);
      break;
    }
  }
  return StrCat(FactKindName(fact.kind), ":", value);
}

// Whether SSH or TLS showed it, a key has all its names.
void AddKeyMembers(const RememberedKey& key, Json& out) {
  const std::string blob =
      key.ssh_blob.empty() ? SshBlobOfSpki(key.spki).value_or("") : key.ssh_blob;
  const SshKeyInfo info = blob.empty() ? SshKeyInfo() : ReadSshKey(blob);
  out["key_id"] = (key.spki.empty() ? info.id : KeyIdOfSpki(key.spki)).ToHex();
  AddKeyKind(blob.empty() ? KeyKindOfSpki(key.spki) : KeyKindOfSshBlob(blob), out);
  if (blob.empty()) return;
  out["ssh_type"] = EscapeForDisplay(info.type);
  out["fingerprint_sha256"] = SshSha256Fingerprint(blob);
  out["fingerprint_md5"] = SshMd5Fingerprint(blob);
}

const SightedFact* FactDescriber::Fresh(const Fact& fact) const {
  if (host_ == nullptr) return nullptr;
  const auto at = host_->bodies.find(fact);
  return at == host_->bodies.end() ? nullptr : &at->second;
}

Result<RememberedKey> FactDescriber::Key(const Fact& fact) const {
  if (const SightedFact* fresh = Fresh(fact); fresh != nullptr && !fresh->body.empty()) {
    RememberedKey key;
    key.fact = fact;
    (fresh->spki ? key.spki : key.ssh_blob) = fresh->body;
    return key;
  }
  HARK_RETURN_IF_ERROR(effort_.Spend());
  return memory_.Key(fact);
}

// A row of a run names its certificates by their hash, under which the store has them.
Result<std::string> FactDescriber::Certificate(const Fact& fact) const {
  HARK_RETURN_IF_ERROR(effort_.Spend());
  Result<std::string> der = memory_.history().Certificate(fact);
  if (der.ok() || !IsMissing(der.status())) return der;
  const SightedFact* fresh = Fresh(fact);
  if (fresh == nullptr || memory_.runs().empty()) return der;
  HARK_ASSIGN_OR_RETURN(const auto reader, memory_.store().ReadRun(memory_.runs().back().name));
  return reader->Certificate(fresh->sha256);
}

Result<std::string> FactDescriber::Banner(const Fact& fact) const {
  if (const SightedFact* fresh = Fresh(fact)) return fresh->body;
  HARK_RETURN_IF_ERROR(effort_.Spend());
  return memory_.history().Banner(fact);
}

Result<proto::AlgorithmsRow> FactDescriber::Algorithms(const Fact& fact) const {
  if (const SightedFact* fresh = Fresh(fact)) {
    proto::AlgorithmsRow row;
    if (row.ParseFromString(fresh->body)) return row;
  }
  HARK_RETURN_IF_ERROR(effort_.Spend());
  return memory_.history().Algorithms(fact);
}

Status FactDescriber::AddKey(const Fact& fact, Json& out) const {
  const Result<RememberedKey> key = Key(fact);
  if (key.ok()) {
    AddKeyMembers(*key, out);
    return Status::Ok();
  }
  if (!IsMissing(key.status())) return key.status();
  const SightedFact* fresh = Fresh(fact);
  if (fresh != nullptr && !fresh->sha256.empty()) out["key_id"] = HexEncode(fresh->sha256);
  out["known"] = false;
  return Status::Ok();
}

Status FactDescriber::AddCertificate(const Fact& fact, Json& out) const {
  const Result<std::string> der = Certificate(fact);
  if (IsMissing(der.status())) {
    out["known"] = false;
    return Status::Ok();
  }
  HARK_RETURN_IF_ERROR(der.status());
  out["sha256"] = HexEncode(Sha256(*der));
  const std::optional<CertificateFacts> facts = ReadCertificate(*der);
  out["readable"] = facts.has_value();
  if (!facts) return Status::Ok();
  out["key_id"] = facts->key.ToHex();
  out["subject"] = PrintableText(facts->subject);
  out["issuer"] = PrintableText(facts->issuer);
  out["names"] = BriefNames(*facts);
  out["san_count"] = facts->san_count;
  out["not_before"] = UtcText(facts->not_before_unix);
  out["not_after"] = UtcText(facts->not_after_unix);
  out["self_signed"] = facts->self_signed;
  return Status::Ok();
}

Status FactDescriber::AddBanner(const Fact& fact, Json& out) const {
  const Result<std::string> banner = Banner(fact);
  if (!banner.ok() && !IsMissing(banner.status())) return banner.status();
  if (banner.ok()) {
    out["banner"] = EscapeForDisplay(*banner);
  } else {
    out["known"] = false;
  }
  return Status::Ok();
}

Status FactDescriber::AddAlgorithms(const Fact& fact, Json& out) const {
  const Result<proto::AlgorithmsRow> row = Algorithms(fact);
  if (!row.ok() && !IsMissing(row.status())) return row.status();
  if (!row.ok()) {
    out["known"] = false;
    return Status::Ok();
  }
  if (!row->hassh().empty()) out["hassh_server"] = EscapeForDisplay(row->hassh());
  if (!row->passive_ssh_hassh().empty()) {
    out["passive_ssh_hassh"] = EscapeForDisplay(row->passive_ssh_hassh());
  }
  out["lists"] = KexInitJson(row->lists());
  return Status::Ok();
}

Result<Json> FactDescriber::Describe(const Fact& fact) const {
  Json out = {{"kind", FactKindName(fact.kind)}, {"fact", FactName(fact)}};
  switch (fact.kind) {
    case FactKind::kKey:
      HARK_RETURN_IF_ERROR(AddKey(fact, out));
      break;
    case FactKind::kCertificate:
      HARK_RETURN_IF_ERROR(AddCertificate(fact, out));
      break;
    case FactKind::kBanner:
      HARK_RETURN_IF_ERROR(AddBanner(fact, out));
      break;
    case FactKind::kAlgorithms:
      HARK_RETURN_IF_ERROR(AddAlgorithms(fact, out));
      break;
    case FactKind::kOutcome: {
      const OutcomeValue outcome = ReadOutcome(fact.value);
      out["outcome"] = outcome.outcome;
      out["stage"] = outcome.stage;
      break;
    }
    case FactKind::kTls:
      AddTls(fact, out);
      break;
  }
  return out;
}

void AddSpan(int64_t first_unix_s, int64_t last_unix_s, uint64_t sightings, Json& out) {
  out["first_seen"] = UtcText(first_unix_s);
  out["last_seen"] = UtcText(last_unix_s);
  out["sightings"] = sightings;
}

std::string_view HostKind(const HostId& host) {
  if (host.is_address()) return host.address().is_v4() ? "ipv4" : "ipv6";
  return host.is_onion() ? "onion" : "name";
}

std::string HostText(const HostId& host) {
  return EscapeForDisplay(host.ToString());
}

void AddPlace(const ApiPlace& place, Json& out) {
  if (!place.country.empty()) out["country"] = EscapeForDisplay(place.country);
  if (place.asn != 0) out["asn"] = place.asn;
}

}  // namespace hark

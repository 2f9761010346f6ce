// The parts of a check that look at the history.

#include <algorithm>

#include "keys/certificate.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"
#include "storage/checker.h"
#include "storage/fact_body.h"
#include "storage/fact_names.h"
#include "storage/value_codec.h"

namespace hark {
namespace {

using schema::Family;

bool IsIndexed(const Fact& fact) {
  return fact.kind >= FactKind::kKey && fact.kind <= FactKind::kAlgorithms;
}

bool IsRefOf(const Fact& fact, std::string_view sha256) {
  return sha256.substr(0, kFactRefSize) == fact.value;
}

// What a body says about itself.
struct BodyCheck {
  bool right = false;
  std::vector<std::string> names;
};

Result<std::optional<std::string>> Der(const Checker& checker, std::string_view sha256) {
  const Result<std::string> value = checker.rocks().Get(Family::kCerts, sha256);
  if (value.status().code() == StatusCode::kNotFound) return std::optional<std::string>();
  if (!value.ok()) return value.status();
  proto::CertRow row;
  if (!DecodeValue(*value, "certificate", &row).ok()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(*row.mutable_der()));
}

BodyCheck OfSpki(const Fact& fact, std::string_view spki) {
  BodyCheck out;
  out.right = IsRefOf(fact, Sha256(spki));
  if (const auto blob = SshBlobOfSpki(spki)) out.names = NamesOfKey(fact, *blob);
  return out;
}

Result<BodyCheck> OfKey(const Checker& checker, const Fact& fact, std::string_view value) {
  if (value.empty()) return BodyCheck();
  const std::string_view body = value.substr(1);
  switch (static_cast<KeyBody>(value.front())) {
    case KeyBody::kSshBlob:
      return BodyCheck{IsRefOf(fact, ReadSshKey(body).id.bytes()), NamesOfKey(fact, body)};
    case KeyBody::kSpki:
      return OfSpki(fact, body);
    case KeyBody::kInCertificate: {
      HARK_ASSIGN_OR_RETURN(const auto der, Der(checker, body));
      const auto spki = der ? SpkiOfCertificate(*der) : std::optional<std::string>();
      return spki ? OfSpki(fact, *spki) : BodyCheck();
    }
  }
  return BodyCheck();
}

Result<BodyCheck> OfCertificate(const Checker& checker, const Fact& fact, std::string_view value) {
  if (value.size() != KeyId::kSize + 1) return BodyCheck();
  const std::string_view sha256 = value.substr(0, KeyId::kSize);
  if (!IsRefOf(fact, sha256)) return BodyCheck();
  if (value.back() == kBodyUnknown) return BodyCheck{true, {}};
  HARK_ASSIGN_OR_RETURN(const auto der, Der(checker, sha256));
  if (!der) return BodyCheck();
  return BodyCheck{true, NamesOfCertificate(fact, *der)};
}

Result<BodyCheck> CheckBody(const Checker& checker, const Fact& fact, std::string_view value) {
  switch (fact.kind) {
    case FactKind::kKey:
      return OfKey(checker, fact, value);
    case FactKind::kCertificate:
      return OfCertificate(checker, fact, value);
    case FactKind::kBanner:
      return BodyCheck{IsRefOf(fact, Sha256(value)), {}};
    case FactKind::kAlgorithms: {
      proto::AlgorithmsRow row;
      const bool read = row.ParseFromArray(value.data(), static_cast<int>(value.size()));
      if (!read) return BodyCheck();
      return BodyCheck{IsRefOf(fact, Sha256(value)), NamesOfAlgorithms(fact, row)};
    }
    case FactKind::kOutcome:
    case FactKind::kTls:
      break;
  }
  return BodyCheck();
}

// What a name of this kind names.
std::optional<FactKind> NamedKind(std::string_view name) {
  using schema::NameKind;
  if (name.size() <= 1 + kFactRefSize) return std::nullopt;
  switch (static_cast<NameKind>(name.front())) {
    case NameKind::kMd5:
    case NameKind::kSshSha256:
      return FactKind::kKey;
    case NameKind::kHassh:
    case NameKind::kPassiveSshHassh:
      return FactKind::kAlgorithms;
    case NameKind::kCertificateName:
    case NameKind::kCertificateIssuer:
      return FactKind::kCertificate;
  }
  return std::nullopt;
}

}  // namespace

Status CheckTimelines(Checker& checker) {
  const auto check = [&](std::string_view key, std::string_view value) -> Status {
    const std::optional<FactUse> place = schema::ParsePlace(key);
    const Result<Timeline> timeline = Timeline::Decode(value);
    if (!place || !timeline.ok()) {
      checker.Found("unreadable timelines", key);
      return Status::Ok();
    }
    for (const Fact& fact : timeline->facts()) {
      if (!IsIndexed(fact)) continue;
      const std::string entry = schema::FactUseKey(fact, *place);
      HARK_ASSIGN_OR_RETURN(const bool there, checker.Has(Family::kFactUses, entry));
      if (there) continue;
      HARK_RETURN_IF_ERROR(checker.FoundMissing("facts of timelines that are not in their index",
                                                Family::kFactUses, entry));
    }
    return Status::Ok();
  };
  return checker.ForEach(Family::kHistory, check);
}

Status CheckFactUses(Checker& checker) {
  std::string last;
  const auto check = [&](std::string_view key, std::string_view) -> Status {
    constexpr char kWhat[] = "entries of the fact index without their timeline";
    const std::optional<Fact> fact = schema::ParseFact(key);
    const std::optional<FactUse> place =
        fact ? schema::ParsePlace(key.substr(schema::kFactKeySize)) : std::nullopt;
    if (!place) return checker.FoundTooMuch(kWhat, Family::kFactUses, key);
    const std::string_view its_fact = key.substr(0, schema::kFactKeySize);
    if (its_fact != last) {
      last = its_fact;
      HARK_ASSIGN_OR_RETURN(const bool known, checker.Has(Family::kFacts, its_fact));
      if (!known) checker.NoBody();
    }
    const Result<std::string> value =
        checker.rocks().Get(Family::kHistory, schema::HistoryKey(*place));
    if (value.status().code() == StatusCode::kNotFound) {
      return checker.FoundTooMuch(kWhat, Family::kFactUses, key);
    }
    if (!value.ok()) return value.status();
    const Result<Timeline> timeline = Timeline::Decode(*value);
    if (!timeline.ok() || timeline->Has(*fact)) return Status::Ok();
    return checker.FoundTooMuch(kWhat, Family::kFactUses, key);
  };
  return checker.ForEach(Family::kFactUses, check);
}

// A body that is wrong is worse than none: a fact without one says that nothing more is known.
Status CheckFacts(Checker& checker) {
  const auto check = [&](std::string_view key, std::string_view value) -> Status {
    constexpr char kWrong[] = "bodies that are not their fact's";
    const std::optional<Fact> fact = schema::ParseFact(key);
    if (!fact || key.size() != schema::kFactKeySize) {
      return checker.FoundTooMuch(kWrong, Family::kFacts, key);
    }
    HARK_ASSIGN_OR_RETURN(const BodyCheck body, CheckBody(checker, *fact, value));
    if (!body.right) return checker.FoundTooMuch(kWrong, Family::kFacts, key);
    for (const std::string& name : body.names) {
      HARK_ASSIGN_OR_RETURN(const bool there, checker.Has(Family::kFactNames, name));
      if (there) continue;
      HARK_RETURN_IF_ERROR(checker.FoundMissing("facts that cannot be found by a name of theirs",
                                                Family::kFactNames, name));
    }
    return Status::Ok();
  };
  return checker.ForEach(Family::kFacts, check);
}

Status CheckFactNames(Checker& checker) {
  const auto check = [&](std::string_view key, std::string_view) -> Status {
    constexpr char kWhat[] = "names of facts that have no such name";
    const std::optional<FactKind> kind = NamedKind(key);
    if (!kind) return checker.FoundTooMuch(kWhat, Family::kFactNames, key);
    const Fact fact{*kind, std::string(key.substr(key.size() - kFactRefSize))};
    const Result<std::string> value = checker.rocks().Get(Family::kFacts, schema::FactKey(fact));
    if (value.status().code() == StatusCode::kNotFound) {
      return checker.FoundTooMuch(kWhat, Family::kFactNames, key);
    }
    if (!value.ok()) return value.status();
    HARK_ASSIGN_OR_RETURN(const BodyCheck body, CheckBody(checker, fact, *value));
    const bool has = std::find(body.names.begin(), body.names.end(), key) != body.names.end();
    return has ? Status::Ok() : checker.FoundTooMuch(kWhat, Family::kFactNames, key);
  };
  return checker.ForEach(Family::kFactNames, check);
}

}  // namespace hark

#include "storage/sighting_writer.h"

#include <algorithm>

#include "keys/certificate.h"
#include "keys/ssh_key.h"
#include "storage/fact_body.h"
#include "storage/fact_names.h"
#include "storage/value_codec.h"

namespace hark {
namespace {

using schema::Family;

bool HasUses(FactKind kind) {
  return kind >= FactKind::kKey && kind <= FactKind::kAlgorithms;
}

// The body of a certificate that its place was known to have by its hash alone.
bool MayComeLater(const SightedFact& fact) {
  return fact.fact.kind == FactKind::kCertificate && !fact.body.empty();
}

bool IsNothing(const Status& status) {
  return status.code() == StatusCode::kNotFound;
}

}  // namespace

// Nearly always nothing, which is worth no message.
Result<std::string> SightingWriter::Stored(Family family, std::string_view key) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status found = rocks_.db().Get(rocksdb::ReadOptions(), rocks_.family(family),
                                                rocksdb::Slice(key.data(), key.size()), &value);
  if (found.IsNotFound()) return NotFound("");
  if (!found.ok()) return FromRocks(schema::FamilyName(family), found);
  return value.ToString();
}

Result<std::vector<Fact>*> SightingWriter::FactsAt(const std::string& place) {
  const auto [at, is_new] = facts_here_.try_emplace(place);
  if (!is_new) return &at->second;
  const Result<std::string> row = Stored(Family::kHistory, place);
  if (IsNothing(row.status())) return &at->second;
  if (!row.ok()) return row.status();
  HARK_ASSIGN_OR_RETURN(const Timeline timeline, Timeline::Decode(*row));
  at->second = timeline.facts();
  return &at->second;
}

Status SightingWriter::Put(const Sighting& sighting) {
  const FactUse place{sighting.host, sighting.port};
  const std::string place_key = schema::HistoryKey(place);
  HARK_ASSIGN_OR_RETURN(std::vector<Fact>* const known, FactsAt(place_key));
  std::vector<Fact> facts;
  for (const SightedFact& sighted : sighting.facts) {
    const Fact& fact = sighted.fact;
    if (HasUses(fact.kind) && fact.value.size() != kFactRefSize) continue;
    facts.push_back(fact);
    const auto at = std::lower_bound(known->begin(), known->end(), fact);
    if (at != known->end() && *at == fact) {
      if (MayComeLater(sighted)) HARK_RETURN_IF_ERROR(PutBody(sighted));
      continue;
    }
    known->insert(at, fact);
    if (!HasUses(fact.kind)) continue;
    Put(Family::kFactUses, schema::FactUseKey(fact, place), "");
    HARK_RETURN_IF_ERROR(PutBody(sighted));
  }
  Timeline visit;
  visit.Add(sighting.unix_s, facts);
  changes_.Add(Family::kHistory, Change::Kind::kMerge, place_key, visit.Encode());
  return Status::Ok();
}

Status SightingWriter::PutBody(const SightedFact& fact) {
  if (fact.sha256.empty()) return Status::Ok();  // a reference, and nothing known of what to
  if (bodies_here_.contains(schema::FactKey(fact.fact))) return Status::Ok();
  switch (fact.fact.kind) {
    case FactKind::kKey:
      return PutKeyBody(fact);
    case FactKind::kCertificate:
      return PutCertificateBody(fact);
    case FactKind::kBanner:
      Put(Family::kFacts, schema::FactKey(fact.fact), fact.body);
      break;
    case FactKind::kAlgorithms:
      PutAlgorithmsBody(fact);
      break;
    case FactKind::kOutcome:
    case FactKind::kTls:
      break;
  }
  bodies_here_.insert(schema::FactKey(fact.fact));
  return Status::Ok();
}

Status SightingWriter::PutKeyBody(const SightedFact& fact) {
  if (fact.body.empty()) return Status::Ok();  // the certificate beside it knows
  // Most keys of new places are new: to write a body once more costs less than to ask each time.
  std::string key = schema::FactKey(fact.fact);
  bodies_here_.insert(key);
  const KeyBody kind = fact.spki ? KeyBody::kSpki : KeyBody::kSshBlob;
  Put(Family::kFacts, std::move(key), static_cast<char>(kind) + fact.body);
  if (!fact.spki) {
    PutKeyNames(fact.fact, fact.body, fact.md5);
  } else if (const auto blob = SshBlobOfSpki(fact.body)) {
    PutKeyNames(fact.fact, *blob);
  }
  return Status::Ok();
}

Status SightingWriter::PutCertificateBody(const SightedFact& fact) {
  std::string key = schema::FactKey(fact.fact);
  const Result<std::string> stored = Stored(Family::kFacts, key);
  if (!stored.ok() && !IsNothing(stored.status())) return stored.status();
  if (stored.ok() && stored->ends_with(kBodyInCerts)) {
    bodies_here_.insert(std::move(key));
    return Status::Ok();
  }
  std::string der = fact.body;
  if (der.empty()) {
    const Result<std::string> row = Stored(Family::kCerts, fact.sha256);
    proto::CertRow cert;
    if (row.ok()) HARK_RETURN_IF_ERROR(DecodeValue(*row, "certificate", &cert));
    if (!row.ok() && !IsNothing(row.status())) return row.status();
    der = std::move(*cert.mutable_der());
  } else {
    proto::CertRow cert;
    cert.set_der(der);
    Put(Family::kCerts, fact.sha256, EncodeValue(cert));
  }
  const std::optional<std::string> spki = SpkiOfCertificate(der);
  Put(Family::kFacts, key, fact.sha256 + (spki ? kBodyInCerts : kBodyUnknown));
  if (!spki) return Status::Ok();
  bodies_here_.insert(std::move(key));
  PutCertificateNames(fact.fact, der);
  const SightedFact of_key = KeyFactOfSpki(*spki);
  std::string row = static_cast<char>(KeyBody::kInCertificate) + fact.sha256;
  std::string key_of_key = schema::FactKey(of_key.fact);
  const Result<std::string> stored_key = Stored(Family::kFacts, key_of_key);
  if (stored_key.ok()) return Status::Ok();
  if (!IsNothing(stored_key.status())) return stored_key.status();
  if (bodies_here_.insert(key_of_key).second) {
    Put(Family::kFacts, std::move(key_of_key), std::move(row));
    if (const auto blob = SshBlobOfSpki(*spki)) PutKeyNames(of_key.fact, *blob);
  }
  return Status::Ok();
}

void SightingWriter::PutKeyNames(const Fact& key, std::string_view ssh_blob,
                                 const std::string& md5) {
  for (std::string& name : NamesOfKey(key, ssh_blob, md5)) {
    Put(Family::kFactNames, std::move(name), "");
  }
}

void SightingWriter::PutCertificateNames(const Fact& certificate, std::string_view der) {
  for (std::string& name : NamesOfCertificate(certificate, der)) {
    Put(Family::kFactNames, std::move(name), "");
  }
}

void SightingWriter::PutAlgorithmsBody(const SightedFact& fact) {
  proto::AlgorithmsRow row;
  if (!row.ParseFromString(fact.body)) return;
  Put(Family::kFacts, schema::FactKey(fact.fact), fact.body);
  for (std::string& name : NamesOfAlgorithms(fact.fact, row)) {
    Put(Family::kFactNames, std::move(name), "");
  }
}

void SightingWriter::Put(Family family, std::string key, std::string value) {
  changes_.Add(family, Change::Kind::kPut, std::move(key), std::move(value));
}

// Rows of this write count, too: a host may be seen and forgotten in one.
Status SightingWriter::Forget(const HostId& host) {
  const std::string prefix = host.SortKey();
  std::vector<std::string> places;
  HARK_RETURN_IF_ERROR(rocks_.ForEach(Family::kHistory, prefix, nullptr,
                                      [&](std::string_view key, std::string_view) {
                                        const auto place = schema::ParsePlace(key);
                                        if (place && place->host == host) places.emplace_back(key);
                                        return Status::Ok();
                                      }));
  for (const auto& [key, facts] : facts_here_) {
    const auto place = schema::ParsePlace(key);
    if (place && place->host == host) places.push_back(key);
  }
  for (const std::string& key : places) {
    HARK_ASSIGN_OR_RETURN(std::vector<Fact>* const facts, FactsAt(key));
    for (const Fact& fact : *facts) {
      if (!HasUses(fact.kind)) continue;
      changes_.Add(Family::kFactUses, Change::Kind::kDelete, schema::FactKey(fact) + key, "");
    }
    facts->clear();
    changes_.Add(Family::kHistory, Change::Kind::kDelete, key, "");
  }
  return Status::Ok();
}

}  // namespace hark

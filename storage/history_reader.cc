#include "storage/history_reader.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/digests.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"
#include "storage/fact_body.h"
#include "storage/value_codec.h"

namespace hark {
namespace {

using schema::Family;
using schema::NameKind;

constexpr size_t kMd5Size = 16;
constexpr size_t kSha256Size = 32;
// More keys than these with one eighth of a SHA-256 in common are an attack on the index.
constexpr size_t kMostCandidates = 64;

Status UnreadableEntry() {
  return Corruption("the store holds an unreadable entry of the history");
}

// The last 16 bytes of an entry of fact_names.
Fact NamedFact(FactKind kind, std::string_view key) {
  return {kind, std::string(key.substr(key.size() - kFactRefSize))};
}

class SnapshotHistory final : public HistoryReader {
 public:
  explicit SnapshotHistory(std::shared_ptr<Rocks> rocks)
      : rocks_(std::move(rocks)), snapshot_(rocks_->db().GetSnapshot()) {}
  ~SnapshotHistory() override { rocks_->db().ReleaseSnapshot(snapshot_); }

  Result<std::vector<PortHistory>> Host(const HostId& host) const override {
    std::vector<PortHistory> ports;
    const auto add = [&](std::string_view key, std::string_view value) -> Status {
      const std::optional<FactUse> place = schema::ParsePlace(key);
      if (!place) return UnreadableEntry();
      if (place->host != host) return Status::Ok();  // a name that begins with this one
      HARK_ASSIGN_OR_RETURN(Timeline timeline, Timeline::Decode(value));
      ports.push_back({place->port, std::move(timeline)});
      return Status::Ok();
    };
    HARK_RETURN_IF_ERROR(rocks_->ForEach(Family::kHistory, host.SortKey(), snapshot_, add));
    return ports;
  }

  Result<Timeline> Port(const FactUse& place) const override {
    HARK_ASSIGN_OR_RETURN(const std::string row, Get(Family::kHistory, schema::HistoryKey(place)));
    return Timeline::Decode(row);
  }

  Status ForEachPort(
      const HostId& from,
      const std::function<Status(const FactUse&, const Timeline&)>& visit) const override {
    const std::string start = from.SortKey();
    return rocks_->ForEach(Family::kHistory, "", snapshot_,
                           [&](std::string_view key, std::string_view value) -> Status {
                             const std::optional<FactUse> place = schema::ParsePlace(key);
                             if (!place) return UnreadableEntry();
                             HARK_ASSIGN_OR_RETURN(const Timeline row, Timeline::Decode(value));
                             return visit(*place, row);
                           },
                           {start, true});
  }

  Status ForEachUse(const Fact& fact, const UseVisit& visit, const FactUse& from) const override {
    if (fact.value.size() != kFactRefSize) return Status::Ok();
    const std::string start = schema::FactUseKey(fact, from);
    return rocks_->ForEach(Family::kFactUses, schema::FactKey(fact), snapshot_,
                           [&](std::string_view key, std::string_view) -> Status {
                             const auto place =
                                 schema::ParsePlace(key.substr(schema::kFactKeySize));
                             if (!place) return UnreadableEntry();
                             return visit(*place);
                           },
                           {start});
  }

  Status ForEachFact(FactKind kind,
                     const std::function<Status(const Fact&, uint64_t)>& visit) const override;

  Status ForEachUseOf(
      FactKind kind,
      const std::function<Status(const Fact&, const FactUse&)>& visit) const override {
    Walk walk;
    walk.whole = true;
    return rocks_->ForEach(
        Family::kFactUses, std::string(1, static_cast<char>(kind)), snapshot_,
        [&](std::string_view key, std::string_view) -> Status {
          if (key.size() < schema::kFactKeySize) return UnreadableEntry();
          const auto place = schema::ParsePlace(key.substr(schema::kFactKeySize));
          if (!place) return UnreadableEntry();
          return visit({kind, std::string(key.substr(1, kFactRefSize))}, *place);
        },
        walk);
  }

  Result<RememberedKey> Key(const Fact& fact) const override;
  Result<std::string> SshBlob(const Fact& key) const override;
  Result<std::string> Certificate(const Fact& fact) const override;

  Result<std::string> CertificateSha256(const Fact& fact) const override {
    HARK_ASSIGN_OR_RETURN(std::string value, Get(Family::kFacts, schema::FactKey(fact)));
    if (value.size() != kSha256Size + 1) return UnreadableEntry();
    value.pop_back();
    return value;
  }

  Result<std::string> Banner(const Fact& fact) const override {
    return Get(Family::kFacts, schema::FactKey(fact));
  }

  Result<proto::AlgorithmsRow> Algorithms(const Fact& fact) const override {
    HARK_ASSIGN_OR_RETURN(const std::string value, Get(Family::kFacts, schema::FactKey(fact)));
    proto::AlgorithmsRow row;
    if (!row.ParseFromString(value)) return UnreadableEntry();
    return row;
  }

  Result<std::vector<Fact>> KeysByMd5(std::string_view md5) const override {
    if (md5.size() != kMd5Size) return std::vector<Fact>();
    return Named(NameKind::kMd5, md5, FactKind::kKey, kMostCandidates);
  }

  Result<std::vector<Fact>> KeysBySshSha256(std::string_view sha256) const override;
  Result<std::vector<Fact>> KeysById(std::string_view id) const override;

  Status ForEachMd5(bool reverse, const std::function<Status(std::string_view, const Fact&)>& visit)
      const override {
    Walk walk;
    walk.whole = true;
    walk.backward = reverse;
    return WalkMd5(walk, visit);
  }

  // Keys sort by fingerprint, then reference: all of one are above the bare fingerprint.
  Status ForEachMd5Behind(
      std::string_view after, bool reverse,
      const std::function<Status(std::string_view, const Fact&)>& visit) const override {
    std::string from = schema::FactNamePrefix(NameKind::kMd5, after);
    if (!reverse) from.append(kFactRefSize + 1, '\xff');
    Walk walk;
    walk.from = from;
    walk.backward = reverse;
    return WalkMd5(walk, visit);
  }

  Result<std::vector<Fact>> AlgorithmsByHassh(std::string_view hassh) const override {
    return ByHassh(NameKind::kHassh, hassh);
  }
  Result<std::vector<Fact>> AlgorithmsByPassiveSshHassh(std::string_view hassh) const override {
    return ByHassh(NameKind::kPassiveSshHassh, hassh);
  }

  Result<std::vector<Fact>> CertificatesBySha256(std::string_view sha256) const override;

  Result<std::vector<Fact>> CertificatesByName(std::string_view name, size_t most) const override {
    // ".example.org" stands as "org.example." and goes on with a label.
    const bool below = name.starts_with('.');
    std::string turned = schema::TurnRound(name);
    if (!below) turned += '\0';
    return Named(NameKind::kCertificateName, turned, FactKind::kCertificate, most);
  }

  Result<std::vector<Fact>> CertificatesByIssuer(std::string_view issuer,
                                                 size_t most) const override {
    std::string name(issuer.substr(0, schema::kMostIssuer));
    name += '\0';
    return Named(NameKind::kCertificateIssuer, name, FactKind::kCertificate, most);
  }

 private:
  Result<std::string> Get(Family family, std::string_view key) const {
    return rocks_->Get(family, key, snapshot_);
  }

  Status WalkMd5(const Walk& walk,
                 const std::function<Status(std::string_view, const Fact&)>& visit) const {
    return rocks_->ForEach(
        Family::kFactNames, schema::FactNamePrefix(NameKind::kMd5, ""), snapshot_,
        [&](std::string_view key, std::string_view) -> Status {
          if (key.size() != 1 + kMd5Size + kFactRefSize) return UnreadableEntry();
          return visit(key.substr(1, kMd5Size), NamedFact(FactKind::kKey, key));
        },
        walk);
  }

  Result<std::vector<Fact>> Named(NameKind kind, std::string_view name, FactKind of,
                                  size_t most) const;
  Result<std::vector<Fact>> ByHassh(NameKind kind, std::string_view hassh) const;
  Result<bool> IsUsed(const Fact& fact) const;

  std::shared_ptr<Rocks> rocks_;
  const rocksdb::Snapshot* snapshot_;
};

// Facts whose names begin so, each once, in the order of their names.
Result<std::vector<Fact>> SnapshotHistory::Named(NameKind kind, std::string_view name, FactKind of,
                                                 size_t most) const {
  std::vector<Fact> facts;
  bool enough = most == 0;
  if (enough) return facts;
  const Status walked =
      rocks_->ForEach(Family::kFactNames, schema::FactNamePrefix(kind, name), snapshot_,
                      [&](std::string_view key, std::string_view) -> Status {
                        if (key.size() < 1 + kFactRefSize) return UnreadableEntry();
                        Fact fact = NamedFact(of, key);
                        if (std::find(facts.begin(), facts.end(), fact) != facts.end()) {
                          return Status::Ok();
                        }
                        facts.push_back(std::move(fact));
                        enough = facts.size() == most;
                        return enough ? Unavailable("enough") : Status::Ok();
                      });
  if (!enough && !walked.ok()) return walked;
  return facts;
}

Result<std::vector<Fact>> SnapshotHistory::ByHassh(NameKind kind, std::string_view hassh) const {
  const std::optional<std::string> bytes = HexDecode(hassh);
  if (!bytes || bytes->size() != kMd5Size) return std::vector<Fact>();
  return Named(kind, *bytes, FactKind::kAlgorithms, SIZE_MAX);
}

Result<bool> SnapshotHistory::IsUsed(const Fact& fact) const {
  bool used = false;
  const Status walked = ForEachUse(fact,
                                   [&](const FactUse&) {
                                     used = true;
                                     return Unavailable("enough");
                                   },
                                   {});
  if (!used && !walked.ok()) return walked;
  return used;
}

Status SnapshotHistory::ForEachFact(
    FactKind kind, const std::function<Status(const Fact&, uint64_t)>& visit) const {
  std::string current;
  std::string host;  // the last one of it; its ports stand together
  uint64_t hosts = 0;
  const auto finish = [&]() -> Status {
    if (hosts == 0) return Status::Ok();
    return visit({kind, current.substr(1)}, hosts);
  };
  const std::string prefix(1, static_cast<char>(kind));
  Walk walk;
  walk.whole = true;
  const Status walked = rocks_->ForEach(
      Family::kFactUses, prefix, snapshot_,
      [&](std::string_view key, std::string_view) -> Status {
        if (key.size() < schema::kFactKeySize + sizeof(uint16_t)) return UnreadableEntry();
        const std::string_view fact = key.substr(0, schema::kFactKeySize);
        const std::string_view place = key.substr(schema::kFactKeySize);
        if (fact != current) {
          HARK_RETURN_IF_ERROR(finish());
          current = fact;
          hosts = 0;
          host.clear();
        }
        const std::string_view its_host = place.substr(0, place.size() - sizeof(uint16_t));
        if (its_host != host) {
          host = its_host;
          ++hosts;
        }
        return Status::Ok();
      },
      walk);
  return walked.ok() ? finish() : walked;
}

Result<RememberedKey> SnapshotHistory::Key(const Fact& fact) const {
  HARK_ASSIGN_OR_RETURN(const std::string value, Get(Family::kFacts, schema::FactKey(fact)));
  if (value.empty()) return UnreadableEntry();
  RememberedKey key;
  key.fact = fact;
  const std::string_view body = std::string_view(value).substr(1);
  switch (static_cast<KeyBody>(value.front())) {
    case KeyBody::kSshBlob:
      key.ssh_blob = body;
      key.spki = ReadSshKey(body).spki;
      return key;
    case KeyBody::kSpki:
      key.spki = body;
      break;
    case KeyBody::kInCertificate: {
      HARK_ASSIGN_OR_RETURN(const std::string row, Get(Family::kCerts, body));
      proto::CertRow cert;
      HARK_RETURN_IF_ERROR(DecodeValue(row, "certificate", &cert));
      key.spki = SpkiOfCertificate(cert.der()).value_or("");
      break;
    }
  }
  key.ssh_blob = SshBlobOfSpki(key.spki).value_or("");
  return key;
}

// A blob that was kept needs no reading: the SPKI costs a check that its point is on its curve.
Result<std::string> SnapshotHistory::SshBlob(const Fact& fact) const {
  const Result<std::string> value = Get(Family::kFacts, schema::FactKey(fact));
  if (!value.ok()) return value.status();
  if (value->starts_with(static_cast<char>(KeyBody::kSshBlob))) return value->substr(1);
  HARK_ASSIGN_OR_RETURN(RememberedKey key, Key(fact));
  return std::move(key.ssh_blob);
}

Result<std::string> SnapshotHistory::Certificate(const Fact& fact) const {
  HARK_ASSIGN_OR_RETURN(const std::string value, Get(Family::kFacts, schema::FactKey(fact)));
  if (value.size() != kSha256Size + 1) return UnreadableEntry();
  if (value.back() != kBodyInCerts) return NotFound("only the certificate's hash is known");
  HARK_ASSIGN_OR_RETURN(const std::string row,
                        Get(Family::kCerts, std::string_view(value).substr(0, kSha256Size)));
  proto::CertRow cert;
  HARK_RETURN_IF_ERROR(DecodeValue(row, "certificate", &cert));
  return std::move(*cert.mutable_der());
}

// The index has an eighth of it; the bodies tell which are right.
Result<std::vector<Fact>> SnapshotHistory::KeysBySshSha256(std::string_view sha256) const {
  std::vector<Fact> right;
  if (sha256.size() != kSha256Size) return right;
  HARK_ASSIGN_OR_RETURN(const std::vector<Fact> candidates,
                        Named(NameKind::kSshSha256, sha256.substr(0, schema::kSshSha256NameSize),
                              FactKind::kKey, kMostCandidates));
  for (const Fact& fact : candidates) {
    HARK_ASSIGN_OR_RETURN(const RememberedKey key, Key(fact));
    if (Sha256(key.ssh_blob) == sha256) right.push_back(fact);
  }
  return right;
}

// Half an id is enough to find it, and to take no other for it.
Result<std::vector<Fact>> SnapshotHistory::KeysById(std::string_view id) const {
  std::vector<Fact> keys;
  if (id.size() != kSha256Size) return keys;
  Fact fact{FactKind::kKey, std::string(id.substr(0, kFactRefSize))};
  HARK_ASSIGN_OR_RETURN(const bool used, IsUsed(fact));
  if (!used) return keys;
  const Result<RememberedKey> key = Key(fact);
  if (!key.ok() && key.status().code() != StatusCode::kNotFound) return key.status();
  const bool other = key.ok() && (key->spki.empty() ? ReadSshKey(key->ssh_blob).id.bytes() != id
                                                    : Sha256(key->spki) != id);
  if (!other) keys.push_back(std::move(fact));
  return keys;
}

Result<std::vector<Fact>> SnapshotHistory::CertificatesBySha256(std::string_view sha256) const {
  std::vector<Fact> certificates;
  if (sha256.size() != kSha256Size) return certificates;
  Fact fact{FactKind::kCertificate, std::string(sha256.substr(0, kFactRefSize))};
  HARK_ASSIGN_OR_RETURN(const bool used, IsUsed(fact));
  const Result<std::string> known = Get(Family::kFacts, schema::FactKey(fact));
  if (used && (!known.ok() || known->starts_with(sha256))) certificates.push_back(std::move(fact));
  return certificates;
}

}  // namespace

std::unique_ptr<HistoryReader> MakeHistoryReader(std::shared_ptr<Rocks> rocks) {
  return std::make_unique<SnapshotHistory>(std::move(rocks));
}

}  // namespace hark

// The parts of a check that look at runs.

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "storage/checker.h"
#include "storage/value_codec.h"

namespace hark {
namespace {

using schema::Family;

constexpr size_t kRunBytes = 4;

uint32_t RunOf(std::string_view key) {
  return ByteReader(key.substr(0, kRunBytes)).U32();
}

Result<std::set<uint32_t>> RunIds(Checker& checker) {
  std::set<uint32_t> ids;
  HARK_RETURN_IF_ERROR(checker.ForEach(Family::kRuns, [&](std::string_view key, std::string_view) {
    ids.insert(RunOf(key));
    return Status::Ok();
  }));
  return ids;
}

template <typename Hashes>
Status CheckChain(Checker& checker, std::string_view record, const Hashes& chain) {
  for (const std::string& sha256 : chain) {
    HARK_ASSIGN_OR_RETURN(const bool there, checker.Has(Family::kCerts, sha256));
    if (!there) checker.Found("certificates of a chain that the store does not have", record);
  }
  return Status::Ok();
}

Status CheckPort(Checker& checker, std::string_view record, const schema::RecordKeyParts& parts,
                 const proto::PortRow& row) {
  for (const std::string& bytes : row.keys()) {
    const std::optional<KeyId> id = KeyId::FromBytes(bytes);
    if (!id) {
      checker.Found("records with a key id that is none", record);
      continue;
    }
    const std::string entry = schema::ByKeyKey(RunOf(record), {*id, parts.address, parts.port});
    HARK_ASSIGN_OR_RETURN(const bool there, checker.Has(Family::kByKey, entry));
    if (there) continue;
    HARK_RETURN_IF_ERROR(checker.FoundMissing("keys of records that are not in the key index",
                                              Family::kByKey, entry));
  }
  const proto::TlsFacts& tls = row.observation().tls();
  HARK_RETURN_IF_ERROR(CheckChain(checker, record, tls.chain_sha256()));
  return CheckChain(checker, record, tls.other_leaf().chain_sha256());
}

}  // namespace

Status CheckRecords(Checker& checker) {
  HARK_ASSIGN_OR_RETURN(const std::set<uint32_t> runs, RunIds(checker));
  const auto check = [&](std::string_view key, std::string_view value) -> Status {
    const std::optional<schema::RecordKeyParts> parts = schema::ParseRecordKey(key);
    if (!parts) {
      checker.Found("records whose key cannot be read", key);
      return Status::Ok();
    }
    if (!runs.contains(RunOf(key))) checker.Found("records of runs that are not there", key);
    if (parts->port == 0) {
      proto::HostRow host;
      if (!DecodeValue(value, "host", &host).ok()) checker.Found("unreadable hosts", key);
      return Status::Ok();
    }
    proto::PortRow row;
    if (!DecodeValue(value, "observation", &row).ok()) {
      checker.Found("unreadable observations", key);
      return Status::Ok();
    }
    return CheckPort(checker, key, *parts, row);
  };
  return checker.ForEach(Family::kRecords, check);
}

Status CheckKeyIndex(Checker& checker) {
  const auto check = [&](std::string_view key, std::string_view) -> Status {
    constexpr char kWhat[] = "entries of the key index without their record";
    const std::optional<KeyUse> use = schema::ParseByKeyKey(key);
    if (!use) return checker.FoundTooMuch(kWhat, Family::kByKey, key);
    const std::string record = schema::RecordKey(RunOf(key), use->address, use->port);
    const Result<std::string> value = checker.rocks().Get(Family::kRecords, record);
    if (value.status().code() == StatusCode::kNotFound) {
      return checker.FoundTooMuch(kWhat, Family::kByKey, key);
    }
    if (!value.ok()) return value.status();
    proto::PortRow row;
    // An unreadable record was told; whether the entry is its, nobody knows any more.
    if (!DecodeValue(*value, "observation", &row).ok()) return Status::Ok();
    const bool has =
        std::find(row.keys().begin(), row.keys().end(), use->key.bytes()) != row.keys().end();
    return has ? Status::Ok() : checker.FoundTooMuch(kWhat, Family::kByKey, key);
  };
  return checker.ForEach(Family::kByKey, check);
}

Status CheckCertificates(Checker& checker) {
  const auto check = [&](std::string_view key, std::string_view value) {
    proto::CertRow row;
    const bool right = DecodeValue(value, "certificate", &row).ok() && Sha256(row.der()) == key;
    if (!right) checker.Found("certificates that are not their hash's", key);
    return Status::Ok();
  };
  return checker.ForEach(Family::kCerts, check);
}

Status CheckTargets(Checker& checker) {
  const auto check = [&](std::string_view key, std::string_view value) -> Status {
    proto::RunRow run;
    if (!DecodeValue(value, "run", &run).ok()) {
      checker.Found("unreadable runs", key);
      return Status::Ok();
    }
    for (const std::string* sha256 : {&run.target_set(), &run.targets6(), &run.left_out()}) {
      if (sha256->empty()) continue;
      const Result<std::string> set = checker.rocks().Get(Family::kTargets, *sha256);
      const bool missing = set.status().code() == StatusCode::kNotFound;
      if (!set.ok() && !missing) return set.status();
      if (missing) checker.Found("target sets that are not there", key);
      if (set.ok() && Sha256(*set) != *sha256) {
        checker.Found("target sets that are not their hash's", key);
      }
    }
    return Status::Ok();
  };
  return checker.ForEach(Family::kRuns, check);
}

}  // namespace hark

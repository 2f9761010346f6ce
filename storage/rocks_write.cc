#include "storage/rocks_write.h"

#include <optional>
#include <utility>

#include "storage/value_codec.h"

namespace hark {
namespace {

using schema::Family;

// What RocksDB writes before a key and a value at most: a tag, a family, two lengths.
constexpr size_t kRecordHead = 16;

std::vector<std::string> IndexKeys(uint32_t run, const Address& address, uint16_t port,
                                   const proto::PortRow& row) {
  std::vector<std::string> keys;
  for (const std::string& bytes : row.keys()) {
    const std::optional<KeyId> key = KeyId::FromBytes(bytes);
    if (key) keys.push_back(schema::ByKeyKey(run, {*key, address, port}));
  }
  return keys;
}

}  // namespace

void RocksWrite::PutMeta(std::string_view name, std::string_view value) {
  Put(Family::kMeta, std::string(name), std::string(value));
}

void RocksWrite::PutOptOut(const proto::OptOutRow& row) {
  Put(Family::kMeta, schema::OptOutKey(row.version()), EncodeValue(row));
}

void RocksWrite::PutRun(const proto::RunRow& run) {
  Put(Family::kRuns, schema::RunKey(run.id()), EncodeValue(run));
}

void RocksWrite::PutTargetSet(std::string_view sha256, std::string_view encoded) {
  Put(Family::kTargets, std::string(sha256), std::string(encoded));
}

void RocksWrite::PutJob(uint32_t run, const proto::JobRow& job) {
  Put(Family::kJobs, schema::JobKey(run, job.id()), EncodeValue(job));
}

void RocksWrite::PutListener(uint32_t run, uint64_t position, const Address& address) {
  Put(Family::kListeners, schema::ListenerKey(run, position), std::string(address.bytes()));
}

void RocksWrite::PutRevisit(uint32_t run, const StoredRevisit& revisit) {
  Put(Family::kRevisits, schema::RevisitKey(run, revisit.list, revisit.position),
      EncodeValue(revisit.row));
}

void RocksWrite::PutHost(uint32_t run, const Address& address, const proto::HostRow& host) {
  Put(Family::kRecords, schema::RecordKey(run, address, 0), EncodeValue(host));
}

void RocksWrite::PutPort(uint32_t run, const Address& address, uint16_t port,
                         const proto::PortRow& row) {
  std::string record = schema::RecordKey(run, address, port);
  for (std::string& index_key : IndexKeysBefore(run, address, port, record)) {
    Delete(Family::kByKey, std::move(index_key));
  }
  PutNewPort(run, address, port, row);
  index_keys_here_[std::move(record)] = IndexKeys(run, address, port, row);
}

void RocksWrite::PutNewPort(uint32_t run, const Address& address, uint16_t port,
                            const proto::PortRow& row) {
  for (std::string& index_key : IndexKeys(run, address, port, row)) {
    Put(Family::kByKey, std::move(index_key), "");
  }
  Put(Family::kRecords, schema::RecordKey(run, address, port), EncodeValue(row));
}

void RocksWrite::PutCertificate(std::string_view sha256, std::string_view der) {
  proto::CertRow row;
  row.set_der(der.data(), der.size());
  Put(Family::kCerts, std::string(sha256), EncodeValue(row));
}

void RocksWrite::PutNames(uint32_t run, const Address& address, const proto::NameRow& names) {
  Put(Family::kMeta, schema::NameKey(run, address), EncodeValue(names));
}

void RocksWrite::DeleteNames(uint32_t run, const Address& address) {
  Delete(Family::kMeta, schema::NameKey(run, address));
}

void RocksWrite::DeleteHost(uint32_t run, const Address& address,
                            const std::vector<proto::PortRow>& ports) {
  for (const proto::PortRow& row : ports) {
    const auto port = static_cast<uint16_t>(row.observation().port());
    for (std::string& key : IndexKeys(run, address, port, row)) {
      Delete(Family::kByKey, std::move(key));
    }
    Delete(Family::kRecords, schema::RecordKey(run, address, port));
  }
  Delete(Family::kRecords, schema::RecordKey(run, address, 0));
}

void RocksWrite::PutSwept(uint32_t run, uint64_t first_index, const proto::SweptRow& row) {
  Put(Family::kMeta, schema::SweptKey(run, first_index), EncodeValue(row));
}

void RocksWrite::PutPurged(uint32_t run, const proto::PurgeRow& row) {
  Put(Family::kMeta, schema::PurgedKey(run), EncodeValue(row));
}

void RocksWrite::PutSighting(const Sighting& sighting) {
  BreakUnlessOk(sightings_.Put(sighting));
}

void RocksWrite::ForgetHost(const HostId& host) {
  BreakUnlessOk(sightings_.Forget(host));
}

void RocksWrite::PutRemembered(uint32_t run, std::string_view place) {
  Put(Family::kMeta, schema::RememberedRunKey(run), std::string(place));
}

void RocksWrite::BreakUnlessOk(Status status) {
  if (!status.ok() && broken_.ok()) broken_ = std::move(status);
}

rocksdb::WriteBatch& RocksWrite::batch() {
  const std::vector<const Change*> changes = changes_.InOrder();
  // At once: a string of some MB that grows is copied as often as it doubles.
  if (batch_.Count() == 0) {
    batch_ = rocksdb::WriteBatch(changes_.bytes() + changes.size() * kRecordHead);
  }
  for (const Change* change : changes) Append(*change);
  changes_.Clear();
  return batch_;
}

// Of what this write replaces: a row of its own, or one of the store.
std::vector<std::string> RocksWrite::IndexKeysBefore(uint32_t run, const Address& address,
                                                     uint16_t port, const std::string& record) {
  const auto here = index_keys_here_.find(record);
  if (here != index_keys_here_.end()) return here->second;
  rocksdb::PinnableSlice value;
  const rocksdb::Status found =
      rocks_->db().Get(rocksdb::ReadOptions(), rocks_->family(Family::kRecords), record, &value);
  if (found.IsNotFound()) return {};  // nearly always: worth no message
  proto::PortRow row;
  Status status = FromRocks(schema::FamilyName(Family::kRecords), found);
  if (status.ok()) status = DecodeValue({value.data(), value.size()}, "observation", &row);
  BreakUnlessOk(std::move(status));
  return IndexKeys(run, address, port, row);
}

void RocksWrite::Put(Family family, std::string key, std::string value) {
  changes_.Add(family, Change::Kind::kPut, std::move(key), std::move(value));
}

void RocksWrite::Delete(Family family, std::string key) {
  changes_.Add(family, Change::Kind::kDelete, std::move(key), "");
}

void RocksWrite::Append(const Change& change) {
  rocksdb::ColumnFamilyHandle* const family = rocks_->family(change.family);
  switch (change.kind) {
    case Change::Kind::kPut:
      batch_.Put(family, change.key, change.value);
      return;
    case Change::Kind::kMerge:
      batch_.Merge(family, change.key, change.value);
      return;
    case Change::Kind::kDelete:
      batch_.Delete(family, change.key);
      return;
  }
}

}  // namespace hark

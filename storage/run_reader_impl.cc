#include "storage/run_reader_impl.h"

#include <utility>

#include "base/bytes.h"
#include "storage/value_codec.h"

namespace hark {
namespace {

using schema::Family;

class SnapshotReader final : public RunReader {
 public:
  SnapshotReader(std::shared_ptr<Rocks> rocks, proto::RunRow run)
      : rocks_(std::move(rocks)), snapshot_(rocks_->db().GetSnapshot()), run_(std::move(run)) {}
  ~SnapshotReader() override { rocks_->db().ReleaseSnapshot(snapshot_); }

  const proto::RunRow& run() const override { return run_; }

  Status ForEachHost(const HostVisit& visit) const override { return Hosts(visit, {}); }
  Status ForEachHostFrom(const Address& from, const HostVisit& visit) const override {
    return Hosts(visit, schema::RecordKey(run_.id(), from, 0));
  }

  Status ForEachPort(const PortVisit& visit) const override { return Ports(visit, {}); }
  Status ForEachPortFrom(const Address& from, uint16_t from_port,
                         const PortVisit& visit) const override {
    return Ports(visit, schema::RecordKey(run_.id(), from, from_port));
  }

  Status ForEachRecord(const HostVisit& visit_host, const PortVisit& visit_port) const override {
    return Records({}, visit_host, visit_port);
  }
  Status ForEachRecordFrom(const Address& from, const HostVisit& visit_host,
                           const PortVisit& visit_port) const override {
    return Records(schema::RecordKey(run_.id(), from, 0), visit_host, visit_port);
  }

  Status ForEachKeyUse(const KeyVisit& visit) const override { return KeyUses(visit, {}); }
  Status ForEachKeyUseFrom(const KeyUse& from, const KeyVisit& visit) const override {
    return KeyUses(visit, schema::ByKeyKey(run_.id(), from));
  }

  Status ForEachJob(const std::function<Status(const proto::JobRow&)>& visit) const override {
    return rocks_->ForEach(Family::kJobs, schema::RunKey(run_.id()), snapshot_,
                           [&](std::string_view, std::string_view value) {
                             proto::JobRow job;
                             HARK_RETURN_IF_ERROR(DecodeValue(value, "job", &job));
                             return visit(job);
                           });
  }

  Result<proto::PurgeRow> Purged() const override {
    proto::PurgeRow row;
    const auto value = rocks_->Get(Family::kMeta, schema::PurgedKey(run_.id()), snapshot_);
    if (value.status().code() == StatusCode::kNotFound) return row;
    if (!value.ok()) return value.status();
    HARK_RETURN_IF_ERROR(DecodeValue(*value, "purge", &row));
    return row;
  }

  Result<std::string> TargetSet() const override {
    return rocks_->Get(Family::kTargets, run_.target_set(), snapshot_);
  }

  Result<std::string> LeftOut() const override {
    if (run_.left_out().empty()) return NotFound("not told what was left out");
    return rocks_->Get(Family::kTargets, run_.left_out(), snapshot_);
  }

  Status ForEachListener(const std::function<Status(const Address&)>& visit) const override {
    return rocks_->ForEach(Family::kListeners, schema::RunKey(run_.id()), snapshot_,
                           [&](std::string_view, std::string_view value) {
                             const std::optional<Address> address = Address::FromBytes(value);
                             if (!address)
                               return Corruption("the store holds an unreadable listener");
                             return visit(*address);
                           });
  }

  Status ForEachSwept(
      const std::function<Status(uint64_t, const proto::SweptRow&)>& visit) const override {
    return VisitSwept(*rocks_, run_.id(), snapshot_, visit);
  }

  Result<std::string> Certificate(std::string_view sha256) const override {
    HARK_ASSIGN_OR_RETURN(const std::string value, rocks_->Get(Family::kCerts, sha256, snapshot_));
    proto::CertRow row;
    HARK_RETURN_IF_ERROR(DecodeValue(value, "certificate", &row));
    return std::move(*row.mutable_der());
  }

 private:
  // Rows are decoded into one message again and again: it keeps its memory.
  static Status GiveHost(const schema::RecordKeyParts& key, std::string_view value,
                         proto::HostRow& row, const HostVisit& visit) {
    HARK_RETURN_IF_ERROR(DecodeValue(value, "host", &row));
    return visit(key.address, row);
  }
  static Status GivePort(const schema::RecordKeyParts& key, std::string_view value,
                         proto::PortRow& row, const PortVisit& visit) {
    HARK_RETURN_IF_ERROR(DecodeValue(value, "observation", &row));
    return visit(key.address, key.port, row);
  }

  Status Records(const std::string& from, const HostVisit& visit_host,
                 const PortVisit& visit_port) const {
    proto::HostRow host;
    proto::PortRow row;
    return EachRow(from, [&](const schema::RecordKeyParts& key, std::string_view value) {
      return key.port == 0 ? GiveHost(key, value, host, visit_host)
                           : GivePort(key, value, row, visit_port);
    });
  }

  Status Hosts(const HostVisit& visit, const std::string& from) const {
    proto::HostRow row;
    return EachRow(from, [&](const schema::RecordKeyParts& key, std::string_view value) {
      return key.port != 0 ? Status::Ok() : GiveHost(key, value, row, visit);
    });
  }

  Status Ports(const PortVisit& visit, const std::string& from) const {
    proto::PortRow row;
    return EachRow(from, [&](const schema::RecordKeyParts& key, std::string_view value) {
      return key.port == 0 ? Status::Ok() : GivePort(key, value, row, visit);
    });
  }

  Status KeyUses(const KeyVisit& visit, const std::string& from) const {
    return rocks_->ForEach(Family::kByKey, schema::RunKey(run_.id()), snapshot_,
                           [&](std::string_view key, std::string_view) {
                             const std::optional<KeyUse> use = schema::ParseByKeyKey(key);
                             if (!use) return Corruption("the store holds an unreadable index key");
                             return visit(*use);
                           },
                           {from, true});
  }

  Status EachRow(
      const std::string& from,
      const std::function<Status(const schema::RecordKeyParts&, std::string_view)>& visit) const {
    return rocks_->ForEach(Family::kRecords, schema::RunKey(run_.id()), snapshot_,
                           [&](std::string_view key, std::string_view value) {
                             const std::optional<schema::RecordKeyParts> parts =
                                 schema::ParseRecordKey(key);
                             if (!parts)
                               return Corruption("the store holds an unreadable record key");
                             return visit(*parts, value);
                           },
                           {from, true});
  }

  std::shared_ptr<Rocks> rocks_;
  const rocksdb::Snapshot* snapshot_;
  proto::RunRow run_;
};

// Everything a worker's pace or the clock decides is taken out before hashing.
void DropAccidents(proto::PortObservation& observation) {
  observation.clear_duration_ms();
  observation.clear_connections();
  observation.clear_detail();
}

void Append(ByteWriter& out, std::string_view bytes) {
  out.String32(bytes);
}

}  // namespace

Status VisitSwept(const Rocks& rocks, uint32_t run, const rocksdb::Snapshot* snapshot,
                  const std::function<Status(uint64_t, const proto::SweptRow&)>& visit) {
  const std::string prefix = schema::SweptOf(run);
  return rocks.ForEach(Family::kMeta, prefix, snapshot,
                       [&](std::string_view key, std::string_view value) {
                         const std::string_view index = key.substr(prefix.size());
                         if (index.size() != sizeof(uint64_t))
                           return Corruption("an unreadable key of a sweep");
                         proto::SweptRow row;
                         HARK_RETURN_IF_ERROR(DecodeValue(value, "sweep", &row));
                         return visit(ByteReader(index).U64(), row);
                       });
}

std::unique_ptr<RunReader> MakeRunReader(std::shared_ptr<Rocks> rocks, proto::RunRow run) {
  return std::make_unique<SnapshotReader>(std::move(rocks), std::move(run));
}

// A chain of hashes, one record at a time, so a digest of a whole country needs no memory.
Result<std::string> DigestRun(const RunReader& reader) {
  std::string digest = Sha256(reader.run().target_set());
  auto absorb = [&](const ByteWriter& record) { digest = Sha256(digest + record.str()); };
  HARK_RETURN_IF_ERROR(reader.ForEachHost([&](const Address& address, const proto::HostRow& host) {
    ByteWriter record;
    Append(record, address.SortKey());
    Append(record, host.country());
    record.U32(host.asn());
    record.U8(static_cast<uint8_t>(host.in_country()));
    absorb(record);
    return Status::Ok();
  }));
  HARK_RETURN_IF_ERROR(
      reader.ForEachPort([&](const Address& address, uint16_t port, const proto::PortRow& row) {
        proto::PortRow stable = row;
        DropAccidents(*stable.mutable_observation());
        stable.clear_visits();  // how patient a throttled host was with whom
        ByteWriter record;
        Append(record, address.SortKey());
        record.U16(port);
        Append(record, stable.SerializeAsString());
        absorb(record);
        return Status::Ok();
      }));
  HARK_RETURN_IF_ERROR(reader.ForEachKeyUse([&](const KeyUse& use) {
    absorb([&] {
      ByteWriter record;
      record.Bytes(schema::ByKeyKey(0, use));
      return record;
    }());
    return Status::Ok();
  }));
  return digest;
}

}  // namespace hark

#include <rocksdb/write_batch.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "storage/rocks.h"
#include "tests/bench/fleet/meters.h"
#include "tests/bench/fleet/modes.h"

namespace hark::bench {
namespace {

struct Change {
  enum class Kind : uint8_t { kPut, kMerge, kDelete };
  Kind kind;
  uint32_t family;
  rocksdb::Slice key, value;
};

struct Group {
  bool sync = false;
  std::vector<Change> changes;
};

class Taken final : public rocksdb::WriteBatch::Handler {
 public:
  explicit Taken(std::vector<Change>* out) : out_(out) {}
  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    return Add(Change::Kind::kPut, family, key, value);
  }
  rocksdb::Status MergeCF(uint32_t family, const rocksdb::Slice& key,
                          const rocksdb::Slice& value) override {
    return Add(Change::Kind::kMerge, family, key, value);
  }
  rocksdb::Status DeleteCF(uint32_t family, const rocksdb::Slice& key) override {
    return Add(Change::Kind::kDelete, family, key, {});
  }

 private:
  rocksdb::Status Add(Change::Kind kind, uint32_t family, rocksdb::Slice key,
                      rocksdb::Slice value) {
    out_->push_back({kind, family, key, value});
    return rocksdb::Status::OK();
  }
  std::vector<Change>* out_;
};

// The changes point into batches, which point to nothing of the record.
Result<std::vector<Group>> ReadRecord(std::string_view record,
                                      std::vector<rocksdb::WriteBatch>* batches) {
  std::vector<size_t> sizes;
  std::vector<Group> groups;
  ByteReader in(record);
  while (!in.rest().empty()) {
    Group& group = groups.emplace_back();
    group.sync = in.U8() != 0;
    const uint32_t size = in.U32();
    batches->emplace_back(std::string(in.Bytes(size)));
    if (!in.ok()) return Corruption("the record of commits ends early");
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    Taken taken(&groups[i].changes);
    HARK_RETURN_IF_ERROR(FromRocks("recorded commit", (*batches)[i].Iterate(&taken)));
  }
  return groups;
}

Status Write(const Rocks& rocks, const Group& group) {
  rocksdb::WriteBatch batch;
  for (const Change& change : group.changes) {
    rocksdb::ColumnFamilyHandle* const family =
        rocks.family(static_cast<schema::Family>(change.family));
    switch (change.kind) {
      case Change::Kind::kPut:
        batch.Put(family, change.key, change.value);
        break;
      case Change::Kind::kMerge:
        batch.Merge(family, change.key, change.value);
        break;
      case Change::Kind::kDelete:
        batch.Delete(family, change.key);
        break;
    }
  }
  rocksdb::WriteOptions options;
  options.sync = group.sync;
  return FromRocks("write", rocks.db().Write(options, &batch));
}

}  // namespace

Status RunBare(const BareMode& mode) {
  HARK_ASSIGN_OR_RETURN(std::string record, ReadFile(mode.record, size_t{16} << 30));
  std::vector<rocksdb::WriteBatch> batches;
  HARK_ASSIGN_OR_RETURN(const std::vector<Group> groups, ReadRecord(record, &batches));
  record = {};
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Rocks> rocks, Rocks::Open(mode.db, false, nullptr));
  uint64_t changes = 0, bytes = 0;
  const SystemClock clock;
  const CpuTime before = CpuTime::Now();
  const MonoTime began = clock.Now();
  for (const Group& group : groups) {
    HARK_RETURN_IF_ERROR(Write(*rocks, group));
    changes += group.changes.size();
  }
  const double wall = SecondsOf(clock.Now() - began);
  const CpuTime after = CpuTime::Now();
  for (const rocksdb::WriteBatch& batch : batches) bytes += batch.GetDataSize();
  const nlohmann::json line = {{"wall_seconds", wall},
                               {"cpu_seconds", after.sum() - before.sum()},
                               {"user_seconds", after.user - before.user},
                               {"system_seconds", after.system - before.system},
                               {"commits", groups.size()},
                               {"changes", changes},
                               {"bytes", bytes}};
  std::printf("%s\n", line.dump().c_str());
  return Status::Ok();
}

}  // namespace hark::bench

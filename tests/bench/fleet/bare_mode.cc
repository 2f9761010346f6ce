#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "storage/rocks.h"
#include "tests/bench/fleet/meters.h"
#include "tests/bench/fleet/modes.h"

namespace hark::bench {
namespace {

constexpr size_t kMemtableBytes = 64 << 20;
constexpr size_t kBlockBytes = 16 << 10;
constexpr int kBloomBits = 10;

// What one sets on a store of this kind before having measured anything.
rocksdb::ColumnFamilyOptions OrdinaryOptions() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kMemtableBytes;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = kBlockBytes;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBits, false));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// A database with the families of hark's store.
class Target {
 public:
  static Result<std::unique_ptr<Target>> Open(const BareMode& mode) {
    std::unique_ptr<Target> target(new Target);
    if (mode.tuned) {
      HARK_ASSIGN_OR_RETURN(target->store_, Rocks::Open(mode.db, false, nullptr));
      for (int i = 0; i < schema::kFamilyCount; ++i) {
        target->families_.push_back(target->store_->family(static_cast<schema::Family>(i)));
      }
      return target;
    }
    rocksdb::DBOptions options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (int i = 0; i < schema::kFamilyCount; ++i) {
      families.emplace_back(std::string(schema::FamilyName(static_cast<schema::Family>(i))),
                            OrdinaryOptions());
    }
    rocksdb::DB* db = nullptr;
    HARK_RETURN_IF_ERROR(
        FromRocks("open", rocksdb::DB::Open(options, mode.db, families, &target->families_, &db)));
    target->db_.reset(db);
    return target;
  }
  ~Target() {
    if (db_ == nullptr) return;
    for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
  }

  rocksdb::DB& db() const { return store_ != nullptr ? store_->db() : *db_; }
  rocksdb::ColumnFamilyHandle* family(uint32_t id) const { return families_.at(id); }

 private:
  std::unique_ptr<Rocks> store_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

struct Change {
  enum class Kind : uint8_t { kPut, kDelete };
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

Status Write(const Target& target, const Group& group) {
  rocksdb::WriteBatch batch;
  for (const Change& change : group.changes) {
    rocksdb::ColumnFamilyHandle* const family = target.family(change.family);
    switch (change.kind) {
      case Change::Kind::kPut:
        batch.Put(family, change.key, change.value);
        break;
      case Change::Kind::kDelete:
        batch.Delete(family, change.key);
        break;
    }
  }
  rocksdb::WriteOptions options;
  options.sync = group.sync;
  return FromRocks("write", target.db().Write(options, &batch));
}

}  // namespace

Status RunBare(const BareMode& mode) {
  HARK_ASSIGN_OR_RETURN(std::string record, ReadFile(mode.record, size_t{16} << 30));
  std::vector<rocksdb::WriteBatch> batches;
  HARK_ASSIGN_OR_RETURN(const std::vector<Group> groups, ReadRecord(record, &batches));
  record = {};
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Target> target, Target::Open(mode));
  uint64_t changes = 0, bytes = 0;
  const SystemClock clock;
  const CpuTime before = CpuTime::Now();
  const MonoTime began = clock.Now();
  for (const Group& group : groups) {
    HARK_RETURN_IF_ERROR(Write(*target, group));
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

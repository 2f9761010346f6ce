#pragma once

// Internal to storage/: the opened database with its families, and how we read it.

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/schema.h"
#include "storage/store.h"

namespace hark {

// Status of a failed RocksDB call; out of space becomes kDiskFull.
Status FromRocks(std::string_view what, const rocksdb::Status& status);

// How a family is walked.
struct Walk {
  // Begins at this key, when it is behind the prefix; backward at the last that is not above it.
  std::string_view from;
  // All of a run is read once: in large pieces, and without pushing out of the cache what a
  // coordinator beside it looks up again and again.
  bool whole = false;
  bool backward = false;  // from the last entry of the prefix to the first
};

class Rocks {
 public:
  // env: nullptr for the disk. memtable_bytes: of a family, 0 = as always. Messages name `path`.
  static Result<std::unique_ptr<Rocks>> Open(const std::string& path, bool read_only,
                                             std::unique_ptr<rocksdb::Env> env,
                                             size_t memtable_bytes = 0);
  // Writes what is only in memory and the log into tables first, unless read-only.
  ~Rocks();

  rocksdb::DB& db() const { return *db_; }
  // nullptr: the store is opened read-only and older than the family.
  rocksdb::ColumnFamilyHandle* family(schema::Family family) const {
    return handles_[static_cast<size_t>(family)];
  }

  // After a write that failed for want of space; see Store::Resume.
  Status Resume();

  // kNotFound when the key is not there.
  Result<std::string> Get(schema::Family family, std::string_view key,
                          const rocksdb::Snapshot* snapshot = nullptr) const;
  // Every entry whose key starts with prefix, in order, of one consistent view.
  Status ForEach(schema::Family family, std::string_view prefix, const rocksdb::Snapshot* snapshot,
                 const std::function<Status(std::string_view key, std::string_view value)>& visit,
                 const Walk& walk = {}) const;

 private:
  Rocks() = default;
  rocksdb::ReadOptions OptionsFor(schema::Family family, std::string_view prefix,
                                  const rocksdb::Snapshot* snapshot, const Walk& walk) const;
  void FlushAll();

  bool read_only_ = false;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, schema::kFamilyCount> handles_{};
};

// The database of a store; nullptr for one that is only a front of another.
std::shared_ptr<Rocks> RocksOf(const Store& store);

}  // namespace hark

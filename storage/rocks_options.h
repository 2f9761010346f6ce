#pragma once

// Internal to storage/: how RocksDB is set up (docs/decisions/0059-tables-merged-by-age.md).

#include <rocksdb/cache.h>
#include <rocksdb/options.h>

#include <memory>

#include "storage/schema.h"

namespace hark {

// env: nullptr for the disk.
rocksdb::DBOptions RocksOptions(rocksdb::Env* env);
rocksdb::ColumnFamilyOptions FamilyOptions(schema::Family family,
                                           const std::shared_ptr<rocksdb::Cache>& cache);
// Of schema::kRetiredFamily, which is opened once more to be removed.
rocksdb::ColumnFamilyOptions RetiredFamilyOptions();

// How many bytes keys that are looked up together begin with in common; a walk with a prefix at
// least this long may pass over tables that have none of them. 0: the family has no such.
size_t LookUpPrefixBytes(schema::Family family);

}  // namespace hark

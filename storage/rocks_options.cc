#include "storage/rocks_options.h"

#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <cstdarg>
#include <cstdio>

#include "base/log.h"
#include "storage/schema.h"
#include "storage/seen_merge.h"
#include "storage/timeline_merge.h"

namespace hark {
namespace {

using schema::Family;

// Small enough for a processor's cache to hold much of the skip list.
constexpr size_t kMemtableBytes = 16 << 20;
constexpr int kMostMemtables = 6;  // of a family; more are written than inserted into
constexpr size_t kAllMemtablesBytes = 128 << 20;
// A start reads all of it, and a reader beside a scan.
constexpr uint64_t kMostLogBytes = 192 << 20;
constexpr size_t kBlockBytes = 16 << 10;
// A run's keys are spread over all of the family, so each compaction of new tables reads and writes
// what there is: seldom, and with many.
constexpr int kTablesBeforeCompaction = 14;
constexpr int kTablesBeforeSlowing = 40;  // far beyond what gathers while one compaction goes on
constexpr unsigned kLikeAgePercent = 20;
constexpr unsigned kWholeMergePercent = 1000;  // of the oldest: a merge of all needs room for two
constexpr int kAges = 24;                      // more than there are before any are put together
constexpr uint64_t kLeastBlobBytes = 512;
constexpr size_t kSmallBlockBytes = 4 << 10;
constexpr int kSmallTablesBeforeCompaction = 8;
constexpr size_t kHostPrefixBytes = 5;  // all of an IPv4 address; hosts of one look-up share it
constexpr int kBloomBits = 10;
constexpr double kMemtableBloomRatio = 0.01;  // 10 bits a row of 250 bytes
constexpr uint64_t kSmoothSyncBytes = 1 << 20;

// Rows of a run come in any order and are hardly ever replaced: whole tables of like age are put
// together, so that a row is written a few times and not once a level for each ten before it.
void MergeByAge(rocksdb::ColumnFamilyOptions* options) {
  options->compaction_style = rocksdb::kCompactionStyleUniversal;
  options->compaction_options_universal.size_ratio = kLikeAgePercent;
  options->compaction_options_universal.max_size_amplification_percent = kWholeMergePercent;
  options->num_levels = kAges;
}

// Bodies that never go are written once, beside the tables that say where they lie.
void KeepBodiesApart(rocksdb::ColumnFamilyOptions* options) {
  options->enable_blob_files = true;
  options->min_blob_size = kLeastBlobBytes;
  options->blob_compression_type = rocksdb::kLZ4Compression;
}

bool IsOfHistory(Family family) {
  return family >= Family::kHistory && family <= Family::kFactNames;
}

// Rows here are looked up one by one, by strangers' questions, and most will not be in the cache:
// small blocks. All but the history's are written once and never change.
void LookUpPointwise(Family family, rocksdb::ColumnFamilyOptions* options,
                     rocksdb::BlockBasedTableOptions* table) {
  table->block_size = kSmallBlockBytes;
  options->prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(LookUpPrefixBytes(family)));
  options->level0_file_num_compaction_trigger = kSmallTablesBeforeCompaction;
  if (family == Family::kHistory) {
    options->merge_operator = MakeTimelineMerge();
    return;
  }
  MergeByAge(options);
}

// RocksDB's own news goes to our log. Its LOG file would be one more thing to fail on a full disk:
// in builds with assertions, Debian's among them, a second write to it ends the process.
class QuietLogger final : public rocksdb::Logger {
 public:
  QuietLogger() : rocksdb::Logger(rocksdb::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  __attribute__((format(printf, 2, 0))) void Logv(const char* format, va_list arguments) override {
    char line[512];
    vsnprintf(line, sizeof line, format, arguments);
    LogDebug("storage/rocksdb", line);
  }
};

// After a failed write the store stays as it is until somebody opens it again; recovery by itself
// would write through the same failed files.
class NoRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

}  // namespace

rocksdb::DBOptions RocksOptions(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  if (env != nullptr) options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.db_write_buffer_size = kAllMemtablesBytes;
  options.max_total_wal_size = kMostLogBytes;
  // A disk is full when it is, not when what was taken of it in advance is used up.
  options.allow_fallocate = false;
  options.bytes_per_sync = kSmoothSyncBytes;
  options.wal_bytes_per_sync = kSmoothSyncBytes;
  options.info_log = std::make_shared<QuietLogger>();
  options.listeners.push_back(std::make_shared<NoRecovery>());
  // A log file that vanished is an error to tell, not a loss to swallow.
  options.track_and_verify_wals_in_manifest = true;
  return options;
}

rocksdb::ColumnFamilyOptions FamilyOptions(Family family,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kMemtableBytes;
  options.max_write_buffer_number = kMostMemtables;
  // A write's keys come in order (change_list.h): each is looked for from where the last one went,
  // whatever it begins with.
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(0));
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::kLZ4Compression;
  options.level0_file_num_compaction_trigger = kTablesBeforeCompaction;
  options.level0_slowdown_writes_trigger = kTablesBeforeSlowing;
  options.level0_stop_writes_trigger = 2 * kTablesBeforeSlowing;
  // What is flushed is soon read and written again.
  options.compression_per_level = {rocksdb::kNoCompression, rocksdb::kLZ4Compression};
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = kBlockBytes;
  table.cache_index_and_filter_blocks = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBits, false));
  if (family == Family::kRecords || family == Family::kByKey) MergeByAge(&options);
  if (IsOfHistory(family)) LookUpPointwise(family, &options, &table);
  if (family == Family::kCerts) KeepBodiesApart(&options);
  // Every row that is written asks first what is there, which is nearly always nothing.
  if (family == Family::kRecords || family == Family::kHistory || family == Family::kFacts) {
    options.memtable_prefix_bloom_size_ratio = kMemtableBloomRatio;
    options.memtable_whole_key_filtering = true;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

size_t LookUpPrefixBytes(Family family) {
  if (!IsOfHistory(family)) return 0;
  if (family == Family::kHistory) return kHostPrefixBytes;
  return family == Family::kFactNames ? 1 + schema::kSshSha256NameSize : schema::kFactKeySize;
}

// Its log may still hold rows, which opening writes to a table: merged, as they were meant to be.
rocksdb::ColumnFamilyOptions RetiredFamilyOptions() {
  rocksdb::ColumnFamilyOptions options;
  options.merge_operator = MakeSeenMerge();
  return options;
}

}  // namespace hark

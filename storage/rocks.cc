#include "storage/rocks.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/log.h"
#include "base/strings.h"
#include "storage/seen_merge.h"

namespace hark {
namespace {

using schema::Family;

constexpr size_t kBlockCacheBytes = 64 << 20;
constexpr size_t kMemtableBytes = 32 << 20;
constexpr size_t kAllMemtablesBytes = 128 << 20;
constexpr size_t kBlockBytes = 16 << 10;
// A run's keys are spread over all of the family, so each compaction of new tables reads and writes
// what there is: half as often, with twice as many.
constexpr int kTablesBeforeCompaction = 8;
constexpr int kZstdLevel = 1;  // twice as fast as its usual 3, and 3 % larger
constexpr int kBloomBits = 10;
constexpr double kMemtableBloomRatio = 0.01;  // 10 bits a row of 250 bytes
constexpr uint64_t kSmoothSyncBytes = 1 << 20;
// What must be free before a store whose disk was full goes on, besides what it has to write: a new
// log, tables' indices, and some to begin with.
constexpr uint64_t kResumeSpareBytes = 16 << 20;
constexpr size_t kProbeBytes = 1 << 16;
// For walks over a whole run: one request to the disk for a hundred blocks.
constexpr size_t kReadaheadBytes = 2 << 20;

rocksdb::ColumnFamilyOptions FamilyOptions(Family family,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kMemtableBytes;
  // A write's keys come in order (change_list.h): each is looked for from where the last one went,
  // whatever it begins with.
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(0));
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::kLZ4Compression;
  options.level0_file_num_compaction_trigger = kTablesBeforeCompaction;
  // What is flushed is soon read and written again.
  options.compression_per_level = {rocksdb::kNoCompression, rocksdb::kLZ4Compression};
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = kBlockBytes;
  table.cache_index_and_filter_blocks = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBits, false));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Bodies that stay: a fifth smaller at the bottom for a quarter slower reading.
  if (family == Family::kRecords || family == Family::kCerts) {
    options.bottommost_compression = rocksdb::kZSTD;
    options.bottommost_compression_opts.enabled = true;
    options.bottommost_compression_opts.level = kZstdLevel;
  }
  if (family == Family::kSeen) options.merge_operator = MakeSeenMerge();
  // Every row that is written asks first what it replaces, which is nearly always nothing.
  if (family == Family::kRecords) {
    options.memtable_prefix_bloom_size_ratio = kMemtableBloomRatio;
    options.memtable_whole_key_filtering = true;
  }
  return options;
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

rocksdb::DBOptions DbOptions(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  if (env != nullptr) options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.db_write_buffer_size = kAllMemtablesBytes;
  options.bytes_per_sync = kSmoothSyncBytes;
  options.wal_bytes_per_sync = kSmoothSyncBytes;
  options.info_log = std::make_shared<QuietLogger>();
  options.listeners.push_back(std::make_shared<NoRecovery>());
  // A log file that vanished is an error to tell, not a loss to swallow.
  options.track_and_verify_wals_in_manifest = true;
  return options;
}

// Asks the disk whether it takes a file again. A name RocksDB does not know, so that it leaves the
// file alone until we have removed it.
Status TryWriting(rocksdb::Env& env, const std::string& directory) {
  const std::string name = directory + "/resume.probe";
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env.NewWritableFile(name, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Append(std::string(kProbeBytes, '\0'));
  if (status.ok()) status = file->Sync();
  if (file != nullptr && status.ok()) status = file->Close();
  file.reset();
  const rocksdb::Status removed = env.DeleteFile(name);
  return FromRocks("try the store's disk", status.ok() ? removed : status);
}

// What an operator can get wrong about --db, told before RocksDB makes a directory of it.
Status CheckDirectory(const std::string& path, bool read_only) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool is_store = fs::exists(path + "/CURRENT", error);
  if (is_store) return Status::Ok();
  if (read_only) return InvalidInput(StrCat("no hark store in '", path, "'"));
  if (fs::exists(path, error) && !fs::is_directory(path, error)) {
    return InvalidInput(StrCat("'", path, "' is a file; give a directory for the store"));
  }
  if (fs::is_directory(path, error) && !fs::is_empty(path, error)) {
    // A first start cut short leaves only these, and hark fleet the last two; anything else is
    // somebody's other directory.
    for (const auto& entry : fs::directory_iterator(path, error)) {
      const std::string name = entry.path().filename();
      const bool ours = name == "LOCK" || name.rfind("LOG", 0) == 0 || name == "IDENTITY" ||
                        name.rfind("MANIFEST-", 0) == 0 || name.find(".dbtmp") != name.npos ||
                        name.find(".log") != name.npos || name == "coordinator.key" ||
                        name == "fleet";
      if (!ours) {
        return InvalidInput(StrCat("'", path, "' holds other files and is no hark store (found '",
                                   name, "'); give an empty or new directory"));
      }
    }
  }
  fs::create_directories(path, error);
  if (error) return InvalidInput(StrCat("cannot create '", path, "': ", error.message()));
  return Status::Ok();
}

Status ExplainOpenFailure(const std::string& path, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  const auto says = [&](std::string_view words) { return text.find(words) != std::string::npos; };
  if (status.IsNoSpace() || says("No space left")) {
    return {StatusCode::kDiskFull, StrCat("no space left on the disk of '", path,
                                          "'; free some and start again, nothing is lost")};
  }
  for (const std::string_view reason : {"Permission denied", "Read-only file system"}) {
    if (says(reason)) return InvalidInput(StrCat("cannot write to '", path, "': ", reason));
  }
  // The two ways in which RocksDB says that somebody holds the lock: this process, or another.
  if (says("lock hold by current process") || says("Resource temporarily unavailable")) {
    return InvalidInput(
        StrCat("'", path, "' is in use by another hark; wait for it or give another --db"));
  }
  return FromRocks(StrCat("open store '", path, "'"), status);
}

}  // namespace

Status FromRocks(std::string_view what, const rocksdb::Status& status) {
  if (status.ok()) return Status::Ok();
  const std::string message = StrCat(what, ": ", status.ToString());
  if (status.IsNoSpace() || status.ToString().find("No space left") != std::string::npos) {
    return {StatusCode::kDiskFull, message};
  }
  if (status.IsNotFound()) return NotFound(message);
  if (status.IsCorruption()) return Corruption(message);
  return IoError(message);
}

Result<std::unique_ptr<Rocks>> Rocks::Open(const std::string& path, bool read_only,
                                           std::unique_ptr<rocksdb::Env> env,
                                           size_t memtable_bytes) {
  if (env == nullptr) HARK_RETURN_IF_ERROR(CheckDirectory(path, read_only));
  std::unique_ptr<Rocks> rocks(new Rocks);
  rocks->env_ = std::move(env);
  rocks->read_only_ = read_only;
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  const rocksdb::DBOptions options = DbOptions(rocks->env_.get());
  // Only a writer can create what an older store lacks.
  std::vector<std::string> present;
  if (read_only) rocksdb::DB::ListColumnFamilies(options, path, &present);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  std::vector<Family> opened;
  for (int i = 0; i < schema::kFamilyCount; ++i) {
    const auto family = static_cast<Family>(i);
    const std::string name(schema::FamilyName(family));
    const bool missing =
        !present.empty() && std::find(present.begin(), present.end(), name) == present.end();
    if (missing) continue;
    families.emplace_back(name, FamilyOptions(family, cache));
    if (memtable_bytes > 0) families.back().options.write_buffer_size = memtable_bytes;
    opened.push_back(family);
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      read_only ? rocksdb::DB::OpenForReadOnly(options, path, families, &handles, &db)
                : rocksdb::DB::Open(options, path, families, &handles, &db);
  if (!status.ok()) return ExplainOpenFailure(path, status);
  rocks->db_.reset(db);
  for (size_t i = 0; i < opened.size(); ++i) {
    rocks->handles_[static_cast<size_t>(opened[i])] = handles[i];
  }
  return rocks;
}

// Or every reader would replay the log until the next writer comes: up to a second of processor
// each. A disk that refuses loses nothing by it; the log is still there.
void Rocks::FlushAll() {
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle != nullptr) families.push_back(handle);
  }
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;  // nobody writes any more
  const Status flushed = FromRocks("flush the store", db_->Flush(options, families));
  if (!flushed.ok()) LogDebug("storage", flushed.message());
}

Rocks::~Rocks() {
  if (db_ != nullptr && !read_only_) FlushAll();
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle);
  }
}

// RocksDB goes on by writing what is in memory to tables and beginning a new log. If the disk is
// still full then, its error becomes one that only reopening mends (7.8 takes a log that cannot be
// made for fatal), so the disk is asked first.
Status Rocks::Resume() {
  uint64_t in_memory = 0;
  db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &in_memory);
  uint64_t free_bytes = 0;
  rocksdb::Env& env = *db_->GetEnv();
  const rocksdb::Status asked = env.GetFreeSpace(db_->GetName(), &free_bytes);
  if (asked.ok() && free_bytes < in_memory + kResumeSpareBytes) {
    return {StatusCode::kDiskFull, StrCat("the store's disk has ", free_bytes, " bytes free and ",
                                          in_memory + kResumeSpareBytes, " are needed to go on")};
  }
  HARK_RETURN_IF_ERROR(TryWriting(env, db_->GetName()));
  return FromRocks("go on with the store", db_->Resume());
}

Result<std::string> Rocks::Get(Family family, std::string_view key,
                               const rocksdb::Snapshot* snapshot) const {
  if (this->family(family) == nullptr) return NotFound(std::string(schema::FamilyName(family)));
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status =
      db_->Get(options, this->family(family), rocksdb::Slice(key.data(), key.size()), &value);
  if (!status.ok()) return FromRocks(schema::FamilyName(family), status);
  return value;
}

Status Rocks::ForEach(Family family, std::string_view prefix, const rocksdb::Snapshot* snapshot,
                      const std::function<Status(std::string_view, std::string_view)>& visit,
                      const Walk& walk) const {
  if (this->family(family) == nullptr) return Status::Ok();
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.total_order_seek = true;
  if (walk.whole) {
    options.fill_cache = false;
    options.readahead_size = kReadaheadBytes;
  }
  const std::string_view start = std::max(prefix, walk.from);
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, this->family(family)));
  for (it->Seek(rocksdb::Slice(start.data(), start.size()));
       it->Valid() && it->key().starts_with(rocksdb::Slice(prefix.data(), prefix.size()));
       it->Next()) {
    HARK_RETURN_IF_ERROR(
        visit({it->key().data(), it->key().size()}, {it->value().data(), it->value().size()}));
  }
  return FromRocks(schema::FamilyName(family), it->status());
}

}  // namespace hark

#include "storage/rocks.h"

#include <fcntl.h>
#include <rocksdb/cache.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "storage/bulk_write.h"
#include "storage/rocks_options.h"

namespace hark {
namespace {

using schema::Family;

constexpr size_t kBlockCacheBytes = 64 << 20;
// Of 16 MB each. RocksDB's own choice are 64 of 1 MB: no room for the filter of a large table,
// which was then read from its file for every look-up, a hundred times as slowly.
constexpr int kBlockCacheShardBits = 2;
// What must be free before a store whose disk was full goes on, besides what it has to write: a new
// log, tables' indices, and some to begin with.
constexpr uint64_t kResumeSpareBytes = 16 << 20;
constexpr size_t kProbeBytes = 1 << 16;
// For walks over a whole run: one request to the disk for a hundred blocks.
constexpr size_t kReadaheadBytes = 2 << 20;
constexpr size_t kBeyondAnyKey = 64;
constexpr int kOpenAttempts = 20;
constexpr auto kBetweenAttempts = std::chrono::milliseconds(25);
constexpr uint64_t kSmallStoreBytes = 256 << 20;

Status Retire(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family) {
  const rocksdb::Status dropped = db.DropColumnFamily(family);
  db.DestroyColumnFamilyHandle(family);
  return FromRocks("remove what the store no longer holds", dropped);
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

// A store this small is read as a whole sooner or later, and from a cold disk much faster at once
// than block by block. Nothing waits for it.
void FetchFromDisk(const std::string& path) {
  std::vector<std::filesystem::path> files;
  uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    if (!entry.is_regular_file(error)) continue;
    bytes += entry.file_size(error);
    files.push_back(entry.path());
  }
  if (error || bytes > kSmallStoreBytes) return;
  for (const std::filesystem::path& file : files) {
    const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.valid()) posix_fadvise(fd.get(), 0, 0, POSIX_FADV_WILLNEED);
  }
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

namespace {

// What a store is opened with.
struct ToOpen {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  std::vector<Family> families;  // of the descriptors, but for the retired one, which is the last
  bool retires = false;
};

// Only a writer can create what an older store lacks, and remove what it has and we have not.
ToOpen FamiliesToOpen(const rocksdb::DBOptions& options, const std::string& path, bool read_only,
                      size_t memtable_bytes) {
  std::vector<std::string> present;
  rocksdb::DB::ListColumnFamilies(options, path, &present);
  const auto is_present = [&present](const std::string& name) {
    return std::find(present.begin(), present.end(), name) != present.end();
  };
  const std::shared_ptr<rocksdb::Cache> cache =
      rocksdb::NewLRUCache(kBlockCacheBytes, kBlockCacheShardBits);
  ToOpen open;
  for (int i = 0; i < schema::kFamilyCount; ++i) {
    const auto family = static_cast<Family>(i);
    const std::string name(schema::FamilyName(family));
    if (read_only && !present.empty() && !is_present(name)) continue;
    open.descriptors.emplace_back(name, FamilyOptions(family, cache));
    if (memtable_bytes > 0) open.descriptors.back().options.write_buffer_size = memtable_bytes;
    open.families.push_back(family);
  }
  const std::string retired(schema::kRetiredFamily);
  open.retires = !read_only && is_present(retired);
  if (open.retires) open.descriptors.emplace_back(retired, RetiredFamilyOptions());
  return open;
}

// A writer may put tables together, and remove them, between our reading which there are and
// opening them. Then there is a newer list; once they are open they stay readable.
rocksdb::Status OpenBesideAWriter(const rocksdb::DBOptions& options, const std::string& path,
                                  const std::vector<rocksdb::ColumnFamilyDescriptor>& descriptors,
                                  std::vector<rocksdb::ColumnFamilyHandle*>* handles,
                                  rocksdb::DB** db) {
  rocksdb::Status status;
  for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kBetweenAttempts);
    handles->clear();
    status = rocksdb::DB::OpenForReadOnly(options, path, descriptors, handles, db);
    const std::string text = status.ToString();
    const auto says = [&text](std::string_view words) { return text.find(words) != text.npos; };
    const bool vanished = says("Can't access") || says("No such file") || status.IsPathNotFound();
    if (status.ok() || !vanished) break;
  }
  return status;
}

}  // namespace

Result<std::unique_ptr<Rocks>> Rocks::Open(const std::string& path, bool read_only,
                                           std::unique_ptr<rocksdb::Env> env,
                                           size_t memtable_bytes) {
  if (env == nullptr) HARK_RETURN_IF_ERROR(CheckDirectory(path, read_only));
  if (read_only) FetchFromDisk(path);
  std::unique_ptr<Rocks> rocks(new Rocks);
  rocks->env_ = std::move(env);
  rocks->read_only_ = read_only;
  const rocksdb::DBOptions options = RocksOptions(rocks->env_.get());
  const ToOpen open = FamiliesToOpen(options, path, read_only, memtable_bytes);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      read_only ? OpenBesideAWriter(options, path, open.descriptors, &handles, &db)
                : rocksdb::DB::Open(options, path, open.descriptors, &handles, &db);
  if (!status.ok()) return ExplainOpenFailure(path, status);
  rocks->db_.reset(db);
  if (!read_only) RemoveUnfinishedBulks(path);  // nobody else writes any more
  for (size_t i = 0; i < open.families.size(); ++i) {
    rocks->handles_[static_cast<size_t>(open.families[i])] = handles[i];
  }
  if (open.retires) HARK_RETURN_IF_ERROR(Retire(*db, handles.back()));
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

rocksdb::ReadOptions Rocks::OptionsFor(Family family, std::string_view prefix,
                                       const rocksdb::Snapshot* snapshot, const Walk& walk) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  const size_t shared = LookUpPrefixBytes(family);
  options.prefix_same_as_start = shared > 0 && prefix.size() >= shared && !walk.backward;
  options.total_order_seek = !options.prefix_same_as_start;
  if (walk.whole) {
    options.fill_cache = false;
    options.readahead_size = kReadaheadBytes;
  }
  return options;
}

Status Rocks::ForEach(Family family, std::string_view prefix, const rocksdb::Snapshot* snapshot,
                      const std::function<Status(std::string_view, std::string_view)>& visit,
                      const Walk& walk) const {
  if (this->family(family) == nullptr) return Status::Ok();
  const std::unique_ptr<rocksdb::Iterator> it(
      db_->NewIterator(OptionsFor(family, prefix, snapshot, walk), this->family(family)));
  const rocksdb::Slice within(prefix.data(), prefix.size());
  if (walk.backward) {
    // No key of ours begins with a prefix and goes on with this many of these.
    const std::string last = std::string(prefix) + std::string(kBeyondAnyKey, '\xff');
    it->SeekForPrev(walk.from.empty() ? last : std::string(walk.from));
  } else {
    const std::string_view start = std::max(prefix, walk.from);
    it->Seek(rocksdb::Slice(start.data(), start.size()));
  }
  while (it->Valid() && it->key().starts_with(within)) {
    HARK_RETURN_IF_ERROR(
        visit({it->key().data(), it->key().size()}, {it->value().data(), it->value().size()}));
    walk.backward ? it->Prev() : it->Next();
  }
  return FromRocks(schema::FamilyName(family), it->status());
}

std::shared_ptr<Rocks> RocksOf(const Store& store) {
  return store.rocks();
}

}  // namespace hark

#pragma once

// Internal to storage/testing: the files of a FrailDisk as RocksDB sees them.

#include <rocksdb/file_system.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/testing/frail_disk.h"

namespace hark {

class FrailFiles : public rocksdb::FileSystemWrapper,
                   public std::enable_shared_from_this<FrailFiles> {
 public:
  using IOStatus = rocksdb::IOStatus;
  using IOOptions = rocksdb::IOOptions;
  using IODebugContext = rocksdb::IODebugContext;
  using FileOptions = rocksdb::FileOptions;
  struct Inode {
    std::string data;
    size_t synced = 0;  // bytes of it
  };
  using InodePtr = std::shared_ptr<Inode>;

  explicit FrailFiles(uint64_t seed);

  const char* Name() const override { return "FrailFiles"; }
  IOStatus NewSequentialFile(const std::string& name, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* file,
                             IODebugContext* debug) override;
  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                               IODebugContext* debug) override;
  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext* debug) override;
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* file,
                              IODebugContext* debug) override;
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                             const FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                             IODebugContext* debug) override;
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* directory,
                        IODebugContext* debug) override;
  IOStatus FileExists(const std::string& name, const IOOptions& options,
                      IODebugContext* debug) override;
  IOStatus GetChildren(const std::string& directory, const IOOptions& options,
                       std::vector<std::string>* names, IODebugContext* debug) override;
  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* debug) override;
  IOStatus CreateDir(const std::string&, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus CreateDirIfMissing(const std::string&, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus GetFileSize(const std::string& name, const IOOptions& options, uint64_t* size,
                       IODebugContext* debug) override;
  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, uint64_t* time,
                                   IODebugContext*) override {
    *time = 0;
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override;
  IOStatus LockFile(const std::string& name, const IOOptions& options, rocksdb::FileLock** lock,
                    IODebugContext* debug) override;
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions& options,
                      IODebugContext* debug) override;
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute,
                           IODebugContext*) override {
    *absolute = path;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string&, const IOOptions&, bool* is, IODebugContext*) override {
    *is = true;
    return IOStatus::OK();
  }
  IOStatus GetFreeSpace(const std::string& path, const IOOptions& options, uint64_t* bytes,
                        IODebugContext* debug) override;

  // Of open files.
  using rocksdb::FileSystemWrapper::Truncate;
  IOStatus Append(Inode& inode, const rocksdb::Slice& data);
  IOStatus Truncate(Inode& inode, uint64_t size);
  IOStatus Sync(Inode& inode);
  IOStatus SyncDirectory();
  IOStatus Read(const Inode& inode, uint64_t offset, size_t n, rocksdb::Slice* result,
                char* scratch);

  // What a FrailDisk does.
  void PowerOff();
  void PowerOffAfter(uint64_t writes);
  bool StayOn();
  bool is_off() const;
  void PowerOn();
  void FailWrites(uint64_t after, uint64_t count, FrailDisk::Fault fault);
  uint64_t failed() const;
  void HoldSyncs(bool hold);
  bool HoldsSomebody() const;
  void LieAboutSyncs(bool lies);
  uint64_t writes() const;

 private:
  // Names that changed together; nullptr: removed.
  using Change = std::vector<std::pair<std::string, InodePtr>>;
  using Names = std::map<std::string, InodePtr>;

  static void Apply(const Change& change, Names& names);
  // One write is about to happen: does it? Called with the mutex held.
  IOStatus BeforeWrite();
  IOStatus MakeChange(Change change);
  void LoseTail(Inode& inode);
  IOStatus Find(const std::string& name, InodePtr* inode) const;

  mutable std::mutex mutex_;
  std::condition_variable news_;
  Random random_;
  Names names_;
  Names synced_names_;
  std::vector<Change> unsynced_changes_;
  std::set<std::string> locks_;
  bool off_ = false;
  bool lies_ = false;
  bool holds_ = false;
  int held_ = 0;
  uint64_t writes_ = 0;
  uint64_t failed_ = 0;
  uint64_t off_at_;
  uint64_t fail_from_, fail_to_;
  FrailDisk::Fault fault_ = FrailDisk::Fault::kIo;
};

}  // namespace hark

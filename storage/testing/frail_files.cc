#include "storage/testing/frail_files.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace hark {
namespace {

using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr uint64_t kNeverReached = std::numeric_limits<uint64_t>::max();

IOStatus Gone() {
  return IOStatus::IOError("the power is off");
}

class WritableFile final : public rocksdb::FSWritableFile {
 public:
  WritableFile(std::shared_ptr<FrailFiles> files, FrailFiles::InodePtr inode)
      : files_(std::move(files)), inode_(std::move(inode)) {}
  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return files_->Append(*inode_, data);
  }
  IOStatus Truncate(uint64_t size, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return files_->Truncate(*inode_, size);
  }
  IOStatus Close(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Flush(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return files_->Sync(*inode_);
  }
  // A hint to begin writing, and no promise.
  IOStatus RangeSync(uint64_t, uint64_t, const rocksdb::IOOptions&,
                     rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return inode_->data.size();
  }

 private:
  std::shared_ptr<FrailFiles> files_;
  FrailFiles::InodePtr inode_;
};

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  SequentialFile(std::shared_ptr<FrailFiles> files, FrailFiles::InodePtr inode)
      : files_(std::move(files)), inode_(std::move(inode)) {}
  IOStatus Read(size_t n, const rocksdb::IOOptions&, Slice* result, char* scratch,
                rocksdb::IODebugContext*) override {
    IOStatus status = files_->Read(*inode_, at_, n, result, scratch);
    at_ += result->size();
    return status;
  }
  IOStatus Skip(uint64_t n) override {
    at_ += n;
    return IOStatus::OK();
  }

 private:
  std::shared_ptr<FrailFiles> files_;
  FrailFiles::InodePtr inode_;
  uint64_t at_ = 0;
};

class RandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  RandomAccessFile(std::shared_ptr<FrailFiles> files, FrailFiles::InodePtr inode)
      : files_(std::move(files)), inode_(std::move(inode)) {}
  IOStatus Read(uint64_t offset, size_t n, const rocksdb::IOOptions&, Slice* result, char* scratch,
                rocksdb::IODebugContext*) const override {
    return files_->Read(*inode_, offset, n, result, scratch);
  }

 private:
  std::shared_ptr<FrailFiles> files_;
  FrailFiles::InodePtr inode_;
};

class Directory final : public rocksdb::FSDirectory {
 public:
  explicit Directory(std::shared_ptr<FrailFiles> files) : files_(std::move(files)) {}
  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return files_->SyncDirectory();
  }

 private:
  std::shared_ptr<FrailFiles> files_;
};

class Lock final : public rocksdb::FileLock {
 public:
  explicit Lock(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

 private:
  const std::string name_;
};

}  // namespace

FrailFiles::FrailFiles(uint64_t seed)
    : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()),
      random_(seed),
      off_at_(kNeverReached),
      fail_from_(kNeverReached),
      fail_to_(kNeverReached) {}

void FrailFiles::Apply(const Change& change, Names& names) {
  for (const auto& [name, inode] : change) {
    if (inode == nullptr) {
      names.erase(name);
    } else {
      names[name] = inode;
    }
  }
}

IOStatus FrailFiles::BeforeWrite() {
  if (writes_ >= off_at_) off_ = true;
  if (off_) return Gone();
  const uint64_t number = writes_++;
  if (number < fail_from_ || number >= fail_to_) return IOStatus::OK();
  ++failed_;
  if (fault_ == FrailDisk::Fault::kIo) return IOStatus::IOError("the disk says no");
  IOStatus full = IOStatus::NoSpace("No space left on device");
  full.SetRetryable(true);  // as RocksDB's own file system has it
  return full;
}

IOStatus FrailFiles::MakeChange(Change change) {
  IOStatus status = BeforeWrite();
  if (!status.ok()) return status;
  Apply(change, names_);
  unsynced_changes_.push_back(std::move(change));
  return IOStatus::OK();
}

IOStatus FrailFiles::Find(const std::string& name, InodePtr* inode) const {
  if (off_) return Gone();
  const auto found = names_.find(name);
  if (found == names_.end()) return IOStatus::NotFound(name);
  *inode = found->second;
  return IOStatus::OK();
}

// ---- open files

IOStatus FrailFiles::Append(Inode& inode, const Slice& data) {
  const std::lock_guard<std::mutex> lock(mutex_);
  IOStatus status = BeforeWrite();
  if (status.ok()) inode.data.append(data.data(), data.size());
  if (status.IsNoSpace()) inode.data.append(data.data(), data.size() / 2);
  return status;
}

IOStatus FrailFiles::Truncate(Inode& inode, uint64_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  IOStatus status = BeforeWrite();
  if (!status.ok()) return status;
  inode.data.resize(size);
  inode.synced = std::min<size_t>(inode.synced, size);
  return status;
}

IOStatus FrailFiles::Sync(Inode& inode) {
  std::unique_lock<std::mutex> lock(mutex_);
  ++held_;
  news_.notify_all();
  news_.wait(lock, [this] { return !holds_ || off_; });
  --held_;
  IOStatus status = BeforeWrite();
  if (status.ok() && !lies_) inode.synced = inode.data.size();
  return status;
}

IOStatus FrailFiles::SyncDirectory() {
  const std::lock_guard<std::mutex> lock(mutex_);
  IOStatus status = BeforeWrite();
  if (!status.ok() || lies_) return status;
  synced_names_ = names_;
  unsynced_changes_.clear();
  return status;
}

IOStatus FrailFiles::Read(const Inode& inode, uint64_t offset, size_t n, Slice* result,
                          char* scratch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  *result = Slice(scratch, 0);
  if (off_) return Gone();
  if (offset >= inode.data.size()) return IOStatus::OK();
  const size_t length = std::min<size_t>(n, inode.data.size() - offset);
  std::memcpy(scratch, inode.data.data() + offset, length);
  *result = Slice(scratch, length);
  return IOStatus::OK();
}

// ---- names

IOStatus FrailFiles::NewSequentialFile(const std::string& name, const FileOptions&,
                                       std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                       IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  InodePtr inode;
  IOStatus status = Find(name, &inode);
  if (status.ok()) *file = std::make_unique<SequentialFile>(shared_from_this(), std::move(inode));
  return status;
}

IOStatus FrailFiles::NewRandomAccessFile(const std::string& name, const FileOptions&,
                                         std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                         IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  InodePtr inode;
  IOStatus status = Find(name, &inode);
  if (status.ok()) *file = std::make_unique<RandomAccessFile>(shared_from_this(), std::move(inode));
  return status;
}

IOStatus FrailFiles::NewWritableFile(const std::string& name, const FileOptions&,
                                     std::unique_ptr<rocksdb::FSWritableFile>* file,
                                     IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto inode = std::make_shared<Inode>();
  IOStatus status = MakeChange({{name, inode}});
  if (status.ok()) *file = std::make_unique<WritableFile>(shared_from_this(), inode);
  return status;
}

IOStatus FrailFiles::ReopenWritableFile(const std::string& name, const FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* file,
                                        IODebugContext* debug) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    InodePtr inode;
    if (Find(name, &inode).ok()) {
      *file = std::make_unique<WritableFile>(shared_from_this(), std::move(inode));
      return IOStatus::OK();
    }
  }
  return NewWritableFile(name, options, file, debug);
}

// hark's store reuses no log files.
IOStatus FrailFiles::ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                                       std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) {
  return IOStatus::NotSupported("reuse of files");
}

IOStatus FrailFiles::NewDirectory(const std::string&, const IOOptions&,
                                  std::unique_ptr<rocksdb::FSDirectory>* directory,
                                  IODebugContext*) {
  *directory = std::make_unique<Directory>(shared_from_this());
  return IOStatus::OK();
}

IOStatus FrailFiles::FileExists(const std::string& name, const IOOptions&, IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  InodePtr inode;
  return Find(name, &inode);
}

IOStatus FrailFiles::GetChildren(const std::string& directory, const IOOptions&,
                                 std::vector<std::string>* names, IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  names->clear();
  if (off_) return Gone();
  const std::string prefix = directory.back() == '/' ? directory : directory + '/';
  for (const auto& [name, inode] : names_) {
    if (name.compare(0, prefix.size(), prefix) == 0) names->push_back(name.substr(prefix.size()));
  }
  return IOStatus::OK();
}

IOStatus FrailFiles::DeleteFile(const std::string& name, const IOOptions&, IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  InodePtr inode;
  IOStatus status = Find(name, &inode);
  return status.ok() ? MakeChange({{name, nullptr}}) : status;
}

IOStatus FrailFiles::GetFileSize(const std::string& name, const IOOptions&, uint64_t* size,
                                 IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  InodePtr inode;
  IOStatus status = Find(name, &inode);
  if (status.ok()) *size = inode->data.size();
  return status;
}

IOStatus FrailFiles::RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                                IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  InodePtr inode;
  IOStatus status = Find(from, &inode);
  return status.ok() ? MakeChange({{to, inode}, {from, nullptr}}) : status;
}

IOStatus FrailFiles::LockFile(const std::string& name, const IOOptions&, rocksdb::FileLock** lock,
                              IODebugContext*) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (off_) return Gone();
  if (!locks_.insert(name).second) return IOStatus::IOError("lock hold by current process");
  *lock = new Lock(name);
  return IOStatus::OK();
}

IOStatus FrailFiles::UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const std::unique_ptr<Lock> ours(static_cast<Lock*>(lock));
  locks_.erase(ours->name());
  return IOStatus::OK();
}

// Never short of it: that it is full, a disk tells when it is written to.
IOStatus FrailFiles::GetFreeSpace(const std::string&, const IOOptions&, uint64_t* bytes,
                                  IODebugContext*) {
  *bytes = uint64_t{1} << 40;
  return IOStatus::OK();
}

// ---- what goes wrong

void FrailFiles::PowerOff() {
  const std::lock_guard<std::mutex> lock(mutex_);
  off_ = true;
  news_.notify_all();
}

void FrailFiles::PowerOffAfter(uint64_t writes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  off_at_ = writes_ + writes;
}

bool FrailFiles::is_off() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return off_;
}

void FrailFiles::LoseTail(Inode& inode) {
  enum class Fate : uint64_t { kGone, kKept, kPart, kPartAndGarbage, kCount };
  const uint64_t tail = inode.data.size() - inode.synced;
  if (tail == 0) return;
  const auto fate = static_cast<Fate>(random_.Below(static_cast<uint64_t>(Fate::kCount)));
  uint64_t kept = 0, garbage = 0;
  switch (fate) {
    case Fate::kGone:
    case Fate::kCount:
      break;
    case Fate::kKept:
      kept = tail;
      break;
    case Fate::kPart:
      kept = random_.Below(tail + 1);
      break;
    case Fate::kPartAndGarbage:
      kept = random_.Below(tail + 1);
      garbage = random_.Below(tail - kept + 1);
      break;
  }
  inode.data.resize(inode.synced + kept);
  for (uint64_t i = 0; i < garbage; ++i) {
    inode.data.push_back(static_cast<char>(random_.Below(256)));
  }
}

void FrailFiles::PowerOn() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t changes = random_.Below(unsynced_changes_.size() + 1);
  for (uint64_t i = 0; i < changes; ++i) Apply(unsynced_changes_[i], synced_names_);
  names_ = synced_names_;
  unsynced_changes_.clear();
  std::set<Inode*> seen;
  for (const auto& [name, inode] : names_) {
    if (!seen.insert(inode.get()).second) continue;
    LoseTail(*inode);
    inode->synced = inode->data.size();
  }
  locks_.clear();
  off_ = lies_ = holds_ = false;
  off_at_ = fail_from_ = fail_to_ = kNeverReached;
}

void FrailFiles::FailWrites(uint64_t after, uint64_t count, FrailDisk::Fault fault) {
  const std::lock_guard<std::mutex> lock(mutex_);
  fail_from_ = writes_ + after;
  fail_to_ = count > kNeverReached - fail_from_ ? kNeverReached : fail_from_ + count;
  fault_ = fault;
}

uint64_t FrailFiles::failed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return failed_;
}

void FrailFiles::HoldSyncs(bool hold) {
  const std::lock_guard<std::mutex> lock(mutex_);
  holds_ = hold;
  news_.notify_all();
}

void FrailFiles::AwaitHeldSync() {
  std::unique_lock<std::mutex> lock(mutex_);
  news_.wait(lock, [this] { return holds_ && held_ > 0; });
}

void FrailFiles::LieAboutSyncs(bool lies) {
  const std::lock_guard<std::mutex> lock(mutex_);
  lies_ = lies;
}

uint64_t FrailFiles::writes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return writes_;
}

}  // namespace hark

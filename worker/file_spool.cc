#include "worker/file_spool.h"

#include <sys/statvfs.h>

#include <filesystem>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"

namespace hark {

Result<std::unique_ptr<FileSpool>> FileSpool::Open(const std::string& directory) {
  HARK_RETURN_IF_ERROR(MakeDirectories(directory));
  std::unique_ptr<FileSpool> spool(new FileSpool(directory));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string path = entry.path().string();
    Result<SpoolFile> file = entry.path().extension() == ".spool"
                                 ? SpoolFile::Open(path)
                                 : Result<SpoolFile>(Corruption(path + ": left half-written"));
    if (file.ok()) {
      const JobKey key = JobKey::Of(file->state().job);
      spool->files_.emplace(key, std::move(file).value());
    } else {
      LogWarning("worker/spool", file.status().message() + "; deleted");
      std::error_code ignored;
      std::filesystem::remove(entry.path(), ignored);
    }
  }
  if (error) return ErrnoStatus(directory, error.value());
  return spool;
}

std::string FileSpool::PathOf(const JobKey& key) const {
  return StrCat(directory_, "/", key.ToString(), ".spool");
}

SpoolFile* FileSpool::Find(const JobKey& key) {
  const auto found = files_.find(key);
  return found == files_.end() ? nullptr : &found->second;
}

std::vector<SpooledJob> FileSpool::Recovered() {
  std::vector<SpooledJob> jobs;
  for (const auto& [key, file] : files_) jobs.push_back(file.state());
  return jobs;
}

Status FileSpool::Begin(const proto::Job& job) {
  const JobKey key = JobKey::Of(job);
  HARK_ASSIGN_OR_RETURN(SpoolFile file, SpoolFile::Create(PathOf(key), job));
  files_.insert_or_assign(key, std::move(file));
  return Status::Ok();
}

Status FileSpool::Append(const proto::Batch& batch) {
  SpoolFile* const file = Find(JobKey::Of(batch));
  return file == nullptr ? Internal("spool: unknown lease") : file->Append(batch);
}

Status FileSpool::SetEnd(const JobKey& key, uint64_t end) {
  SpoolFile* const file = Find(key);
  return file == nullptr ? Internal("spool: unknown lease") : file->SetEnd(end);
}

std::optional<proto::Batch> FileSpool::Read(const JobKey& key, uint64_t seq) {
  const SpoolFile* const file = Find(key);
  return file == nullptr ? std::nullopt : file->Read(seq);
}

void FileSpool::Acked(const JobKey& key, uint64_t next_seq) {
  SpoolFile* const file = Find(key);
  if (file != nullptr) file->Acked(next_seq);
}

void FileSpool::Drop(const JobKey& key) {
  SpoolFile* const file = Find(key);
  if (file == nullptr) return;
  file->Delete();
  files_.erase(key);
}

uint64_t FileSpool::unacked_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [key, file] : files_) bytes += file.unacked_bytes();
  return bytes;
}

uint64_t FileSpool::disk_free_bytes() const {
  struct statvfs disk {};
  if (statvfs(directory_.c_str(), &disk) != 0) return 0;
  return uint64_t{disk.f_bavail} * disk.f_frsize;
}

}  // namespace hark

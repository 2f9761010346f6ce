#pragma once

// The spool on disk: a directory with one SpoolFile per lease. Survives kill -9 of the worker; a
// torn tail after a power cut is dropped.

#include <map>
#include <memory>
#include <string>

#include "worker/spool.h"
#include "worker/spool_file.h"

namespace hark {

class FileSpool final : public Spool {
 public:
  // Makes the directory if need be and reads what is in it. Files beyond repair are deleted, with
  // a warning.
  static Result<std::unique_ptr<FileSpool>> Open(const std::string& directory);

  std::vector<SpooledJob> Recovered() override;
  Status Begin(const proto::Job& job) override;
  Status Append(const proto::Batch& batch) override;
  Status SetEnd(const JobKey& key, uint64_t end) override;
  std::optional<proto::Batch> Read(const JobKey& key, uint64_t seq) override;
  void Acked(const JobKey& key, uint64_t next_seq) override;
  void Drop(const JobKey& key) override;
  uint64_t unacked_bytes() const override;
  uint64_t disk_free_bytes() const override;

 private:
  explicit FileSpool(std::string directory) : directory_(std::move(directory)) {}
  std::string PathOf(const JobKey& key) const;
  SpoolFile* Find(const JobKey& key);

  std::string directory_;
  std::map<JobKey, SpoolFile> files_;
};

}  // namespace hark

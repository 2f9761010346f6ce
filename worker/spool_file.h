#pragma once

// One lease's spool file: records appended, read back by number, cut at a tear. The bytes are
// documented in docs/formats/spool.md.
//
// Threads: one.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "worker/spool.h"

namespace hark {

class SpoolFile {
 public:
  // A new file; one of that name is replaced.
  static Result<SpoolFile> Create(const std::string& path, const proto::Job& job);
  // What an earlier process left. Whatever follows the first damaged record is cut off; without a
  // whole Job record there is nothing to go on with: kCorruption.
  static Result<SpoolFile> Open(const std::string& path);

  Status Append(const proto::Batch& batch);
  Status SetEnd(uint64_t end);
  std::optional<proto::Batch> Read(uint64_t seq) const;
  // Batches below next_seq need not be kept; the file is rewritten without them when they are most
  // of a large file.
  void Acked(uint64_t next_seq);

  const SpooledJob& state() const { return state_; }
  uint64_t unacked_bytes() const { return size_ - acked_end_; }
  void Delete();

 private:
  struct Place {
    uint64_t offset = 0;  // of the record
    uint64_t length = 0;  // with its header
  };

  SpoolFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  Status WriteRecord(char type, std::string_view body);
  bool Apply(char type, std::string_view body, Place place);
  void Scan(std::string_view content);
  Status Rewrite();

  std::string path_;
  UniqueFd fd_;
  SpooledJob state_;
  bool has_job_ = false;
  std::deque<Place> places_;  // of low_seq and up
  uint64_t size_ = 0;
  uint64_t acked_end_ = 0;  // bytes before it are of no more use
};

}  // namespace hark

#pragma once

// A spool that lives as long as its object: for tests and simulations, where "the process died"
// keeps it and "the disk died" does not.

#include <map>

#include "worker/spool.h"

namespace hark {

class MemorySpool final : public Spool {
 public:
  std::vector<SpooledJob> Recovered() override;
  Status Begin(const proto::Job& job) override;
  Status Append(const proto::Batch& batch) override;
  Status SetEnd(const JobKey& key, uint64_t end) override;
  std::optional<proto::Batch> Read(const JobKey& key, uint64_t seq) override;
  void Acked(const JobKey& key, uint64_t next_seq) override;
  void Drop(const JobKey& key) override;
  uint64_t unacked_bytes() const override;

  // From now on Append fails like a full disk.
  void FailAppends(bool fail) { fail_ = fail; }
  size_t jobs() const { return entries_.size(); }
  // A power cut that took the last n batches of every lease.
  void LoseTail(size_t n);

 private:
  struct Entry {
    SpooledJob state;
    std::map<uint64_t, proto::Batch> batches;  // by seq
  };

  std::map<JobKey, Entry> entries_;
  bool fail_ = false;
};

}  // namespace hark

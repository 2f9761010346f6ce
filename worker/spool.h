#pragma once

// Where batches wait until the coordinator has them durably. The spool spares hosts a second probe
// after a crash or a lost connection; correctness never depends on it, so it is checked (crc) but
// not synced.
//
// One entry a lease (JobKey): the Job itself, so that a restarted worker can go on with it, and its
// batches, numbered without gaps. docs/formats/spool.md has the bytes of the file form.
//
// Threads: one.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "proto/wire.pb.h"
#include "worker/job_key.h"

namespace hark {

// What is there of one lease.
struct SpooledJob {
  proto::Job job;
  uint64_t end = 0;       // job.end(), or less after a Trim
  uint64_t low_seq = 0;   // the lowest batch Read can give
  uint64_t next_seq = 0;  // of the next new batch
  uint64_t cursor = 0;    // first index not covered by a batch
  bool final = false;     // the final batch is there
};

class Spool {
 public:
  virtual ~Spool() = default;

  // What an earlier process left.
  virtual std::vector<SpooledJob> Recovered() = 0;

  virtual Status Begin(const proto::Job& job) = 0;
  // batch.seq() is the lease's next_seq.
  virtual Status Append(const proto::Batch& batch) = 0;
  virtual Status SetEnd(const JobKey& key, uint64_t end) = 0;
  // nullopt when it is not there or can no longer be read.
  virtual std::optional<proto::Batch> Read(const JobKey& key, uint64_t seq) = 0;
  // Batches below next_seq are durable elsewhere.
  virtual void Acked(const JobKey& key, uint64_t next_seq) = 0;
  // Forgets the lease and all its batches.
  virtual void Drop(const JobKey& key) = 0;

  // Of batches not acknowledged.
  virtual uint64_t unacked_bytes() const = 0;
  // What the disk has room for; asks it every time.
  virtual uint64_t disk_free_bytes() const { return UINT64_MAX; }
};

}  // namespace hark

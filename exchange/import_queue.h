#pragma once

// Between the thread that parses and the one that stores: an ImportSink that hands what was read to
// an ImportTarget on a thread of its own, a batch at a time. Batches end between records, so that
// each goes with a place to go on from. At most kMostWaiting batches wait; then the reader does.
//
// Threads: the sink is used by one; the target is called on the queue's own until Finish returns.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "exchange/import_progress.h"
#include "exchange/imported_host.h"

namespace hark {

struct ImportBatch {
  std::vector<ImportedHost> hosts;
  std::vector<RejectedLine> rejected;
  ImportProgress progress;  // once this batch is stored
};

class ImportTarget {
 public:
  virtual ~ImportTarget() = default;
  // Stores the batch and its progress in one write. The place of the reject file is the target's
  // to fill in.
  virtual Status Write(ImportBatch batch) = 0;
  // After the last one: what Write left to be done is done.
  virtual Status Finish() { return Status::Ok(); }
};

class ImportQueue : public ImportSink {
 public:
  static constexpr size_t kMostWaiting = 4;
  // Some thousand records: fewer cost more each, since a write's keys are put in order.
  static constexpr uint64_t kBatchBytes = uint64_t{8} << 20;
  static constexpr size_t kBatchHosts = 8192;

  ImportQueue(ImportTarget& target, const ImportProgress& from);
  ~ImportQueue() override;  // without Finish: what is not stored yet is given up

  Status Add(ImportedHost host) override;
  Status Reject(const RejectedLine& line) override;
  Status Reached(uint64_t line, uint64_t byte) override;

  // What is left. done: the source ended well.
  Status Finish(bool done);
  const ImportCounts& counts() const { return progress_.counts; }

 private:
  Status Push();
  void Work();

  ImportTarget& target_;
  ImportProgress progress_;
  ImportBatch batch_;
  uint64_t batch_from_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ImportBatch> waiting_;
  bool busy_ = false;
  bool closed_ = false;
  Status status_;
  std::thread worker_;  // last: it uses all of the above
};

}  // namespace hark

#pragma once

// Makes things durable, in order, several at a time: whatever waits is written as one synced
// WriteBatch (group commit), then reported back. The thread that talks to workers never waits for
// the disk.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "coordinator/ingest.h"
#include "storage/store.h"

namespace hark {

// What the dispatcher needs of it; the simulation has a synchronous one.
class CommitQueue {
 public:
  virtual ~CommitQueue() = default;
  // Items become visible in the order they are submitted.
  virtual void Submit(CommitItem item) = 0;
  // Tickets made durable since the last call, in order.
  virtual std::vector<uint64_t> TakeDurable() = 0;
};

class Committer final : public CommitQueue {
 public:
  // store and geo must outlive it. countries: run id -> country code.
  Committer(Store& store, const GeoTable& geo, std::map<uint32_t, std::string> countries);
  // Writes what was submitted, then stops.
  ~Committer() override;

  void Submit(CommitItem item) override;
  std::vector<uint64_t> TakeDurable() override;
  // Readable when TakeDurable or failure() has news.
  int wake_fd() const { return wake_.get(); }
  // After a failed write nothing more is written or reported: the first failure stays, until a
  // Retry went well.
  Status failure() const;
  // After a failure: asks the store to go on (Store::Resume), then writes what could not be written
  // and what came since, in order. Returns at once; wake_fd tells when it is known how it went.
  void Retry();
  // Waits until everything submitted is durable, or the failure.
  Status Flush();

 private:
  void Run();
  Status Write(std::deque<CommitItem>& items);
  Status WriteAgain();
  void Report(Status status);

  Store& store_;
  const GeoTable& geo_;
  const std::map<uint32_t, std::string> countries_;
  UniqueFd wake_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable idle_;
  std::deque<CommitItem> waiting_;
  std::vector<uint64_t> durable_;
  Status failure_;
  // Of the committer's thread: the last write, kept for Retry. Ingest consumes its items, so they
  // cannot be made into a write a second time.
  std::unique_ptr<StoreWrite> write_;
  bool write_syncs_ = false;
  std::vector<uint64_t> write_tickets_;
  bool retry_ = false;
  bool writing_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace hark

#pragma once

// Makes things durable, in order, several at a time: whatever waits is written as one synced
// WriteBatch (group commit), then reported back. The thread that talks to workers never waits for
// the disk.
//
// Two threads: one turns items into rows, one writes what the first has ready. While a group is
// written the next one grows. Under load a write begins no sooner than a moment after the last one
// began: fewer syncs, and a large write costs less a row than small ones (storage/change_list.h).
//
//   Submit -> waiting_ --Prepare--> group --writer is free--> next_ --Write--> durable_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/time.h"
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
  // Tickets of what was written since the last call, in order: durable where it must be synced,
  // else safe from kill -9.
  virtual std::vector<uint64_t> TakeDurable() = 0;
};

class Committer final : public CommitQueue {
 public:
  // store and geo must outlive it. countries: run id -> country code.
  Committer(Store& store, const GeoTable& geo, std::map<uint32_t, std::string> countries);
  // Writes what was submitted, then stops.
  ~Committer() override;

  // on: a full disk is waited out. Nothing is reported durable in between, and what waits is
  // written when there is space; a store that cannot go on then is a failure. Call before the first
  // Submit.
  void WaitForSpace(bool on) { waits_for_space_ = on; }
  // What it waits for now, "" = nothing.
  std::string waits_for() const;
  // Before the first item of a run that came later.
  void AddRun(uint32_t run, std::string country);
  void Submit(CommitItem item) override;
  std::vector<uint64_t> TakeDurable() override;
  // What was purged (CommitItem.purge) since the last call: hosts whose records are gone, or why
  // not. What was submitted before is gone through, what comes after finds them gone.
  std::vector<Result<uint64_t>> TakePurged();
  // Items submitted and not yet being made rows of.
  size_t waiting() const;
  // Readable when TakeDurable or failure() has news.
  int wake_fd() const { return wake_.get(); }
  // After a failed write nothing more is written or reported: the first failure stays, until a
  // Retry went well.
  Status failure() const;
  // After a failed write: asks the store to go on (Store::Resume), then writes what could not be
  // written and what came since, in order. Returns at once; wake_fd tells when it is known how it
  // went.
  void Retry();
  // Waits until everything submitted is durable, or cannot be for now: that failure.
  Status Flush();

 private:
  // Rows on their way to one write.
  struct Group {
    std::unique_ptr<StoreWrite> write;
    std::vector<uint64_t> tickets;
    std::unordered_set<uint64_t> hosts;  // that it has rows of, as hashes
    size_t items = 0;
    bool sync = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  void Prepare();
  void WriteGroups();
  bool Write(Group& group, Lock& lock);
  bool AwaitRetry(const Status& failed, Lock& lock);
  std::string CountryOf(uint32_t run) const;
  // Whether there is something to do for the thread that prepares. Waits for it.
  void AwaitWork(const Group& group, Lock& lock);
  static bool IsFull(const Group& group);
  bool WriterIsFreeFor(const Group& group) const;
  bool MayHandOver(const Group& group) const;
  Status Add(CommitItem& item, Group* group);
  void AwaitEarlierRows(const CommitItem& item, Group* group, Lock& lock);
  void HandOver(Group* group, Lock& lock);
  void Purge(Group* group, Lock& lock);
  void Fail(Status status);
  void Wake();

  Store& store_;
  const GeoTable& geo_;
  bool waits_for_space_ = false;
  UniqueFd wake_;
  RecentCertificates written_;  // of the thread that prepares

  mutable std::mutex mutex_;
  std::map<uint32_t, std::string> countries_;
  std::condition_variable work_;   // for the thread that prepares
  std::condition_variable ready_;  // for the thread that writes
  std::condition_variable idle_;
  std::deque<CommitItem> waiting_;
  std::optional<Group> next_;                // handed over, not taken yet
  std::unordered_set<uint64_t> in_writing_;  // hosts of the group being written
  std::vector<uint64_t> durable_;
  std::vector<Result<uint64_t>> purged_;
  size_t unwritten_ = 0;  // items submitted and not yet being written
  Status failure_;
  Status waiting_out_;     // the full disk
  bool retry_ = false;     // asked for, and not begun
  bool trying_ = false;    // and not known yet how it went
  bool broken_ = false;    // rows could not be made: no Retry mends that
  bool in_hand_ = false;   // an item is between waiting_ and a group
  bool gathered_ = false;  // there is a group that was not handed over
  bool writing_ = false;
  MonoTime next_write_{};  // not before
  bool stopping_ = false;
  bool prepared_all_ = false;
  std::thread preparer_;
  std::thread writer_;
};

}  // namespace hark

#include "analysis/compared_run.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/strings.h"

namespace hark {
namespace {

// 160 KB: enough that handing a batch over costs nothing beside filling it.
constexpr size_t kUsesInBatch = 4096;

struct NumberedUse {
  KeyId key;
  PortOfHost at;
};

// Readers push and a merge pulls. A thread a run turns the one into the other whatever reader it
// is, also one that filters or merges runs itself; host numbers are looked up there, beside the
// merge. Three batches exist at most: being filled, handed over, being read.
class KeyUsePump {
 public:
  explicit KeyUsePump(const ComparedRun& run) : run_(run), thread_([this] { Produce(); }) {
    Refill();
  }
  ~KeyUsePump() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  KeyUsePump(const KeyUsePump&) = delete;
  KeyUsePump& operator=(const KeyUsePump&) = delete;

  // The first use not yet taken; nullptr at the end, and after an error.
  const NumberedUse* Front() const { return at_ < batch_.size() ? &batch_[at_] : nullptr; }
  void Pop() {
    if (++at_ == batch_.size()) Refill();
  }
  // To be asked at the end.
  Status status() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return status_;
  }

 private:
  void Refill() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !ready_.empty() || done_; });
    batch_.clear();
    batch_.swap(ready_);
    at_ = 0;
    lock.unlock();
    changed_.notify_all();
  }

  void Produce() {
    Status status = run_.reader->ForEachKeyUse([this](const KeyUse& use) { return Take(use); });
    if (status.ok() && !filling_.empty()) status = HandOver();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      status_ = std::move(status);
      done_ = true;
    }
    changed_.notify_all();
  }

  Status Take(const KeyUse& use) {
    const std::optional<uint32_t> host = run_.hosts.Find(use.address);
    if (!host) {
      return Corruption(
          StrCat("a key is stored for ", use.address.ToString(), ", the host is not"));
    }
    if (!run_.hosts.takes_part(*host)) return Status::Ok();
    filling_.push_back({use.key, {*host, use.port}});
    return filling_.size() < kUsesInBatch ? Status::Ok() : HandOver();
  }

  Status HandOver() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return ready_.empty() || stopped_; });
    if (stopped_) return {StatusCode::kInterrupted, "the merge ended early"};
    ready_.swap(filling_);
    lock.unlock();
    changed_.notify_all();
    filling_.clear();
    return Status::Ok();
  }

  const ComparedRun& run_;
  std::vector<NumberedUse> batch_;    // the merge's
  size_t at_ = 0;                     // the merge's
  std::vector<NumberedUse> filling_;  // the thread's

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<NumberedUse> ready_;  // the next four under mutex_
  bool done_ = false;
  bool stopped_ = false;
  Status status_;

  std::thread thread_;  // last: starts when everything else is there
};

using Pumps = std::vector<std::unique_ptr<KeyUsePump>>;

// The smallest key any run is at; nullptr when all are at their end.
const KeyId* NextKey(const Pumps& pumps) {
  const KeyId* least = nullptr;
  for (const auto& pump : pumps) {
    const NumberedUse* use = pump->Front();
    if (use != nullptr && (least == nullptr || use->key < *least)) least = &use->key;
  }
  return least;
}

}  // namespace

Result<ComparedRun> ReadComparedRun(const RunReader& reader, bool include_answers_all) {
  ComparedRun run;
  run.reader = &reader;
  HARK_ASSIGN_OR_RETURN(run.hosts, HostTable::Read(reader, include_answers_all));
  HARK_ASSIGN_OR_RETURN(run.clustering, FindClusters(reader, run.hosts));
  return run;
}

Status MergeKeys(std::span<const ComparedRun* const> runs, const KeyOfRunsVisitor& visit) {
  Pumps pumps;
  pumps.reserve(runs.size());
  for (const ComparedRun* run : runs) pumps.push_back(std::make_unique<KeyUsePump>(*run));
  std::vector<std::vector<PortOfHost>> by_run(runs.size());
  while (const KeyId* next = NextKey(pumps)) {
    const KeyId key = *next;  // a copy: the batch it is in goes away
    for (size_t i = 0; i < pumps.size(); ++i) {
      by_run[i].clear();
      for (const NumberedUse* use = pumps[i]->Front(); use != nullptr && use->key == key;
           use = pumps[i]->Front()) {
        by_run[i].push_back(use->at);
        pumps[i]->Pop();
      }
    }
    HARK_RETURN_IF_ERROR(visit(key, by_run));
  }
  for (size_t i = 0; i < pumps.size(); ++i) {
    HARK_RETURN_IF_ERROR(pumps[i]->status().Prepend("run " + runs[i]->name()));
  }
  return Status::Ok();
}

}  // namespace hark

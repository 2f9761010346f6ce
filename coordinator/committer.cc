#include "coordinator/committer.h"

#include <sys/eventfd.h>

#include <algorithm>

#include "base/log.h"

namespace hark {
namespace {

// Items in one write: bounds the memory of a WriteBatch (an item is at most half a MiB).
constexpr size_t kMaxGroup = 64;

}  // namespace

Committer::Committer(Store& store, const GeoTable& geo, std::map<uint32_t, std::string> countries)
    : store_(store),
      geo_(geo),
      countries_(std::move(countries)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  HARK_CHECK(wake_.valid());
  thread_ = std::thread([this] { Run(); });
}

Committer::~Committer() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void Committer::Submit(CommitItem item) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(std::move(item));
  }
  work_.notify_one();
}

std::vector<uint64_t> Committer::TakeDurable() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = read(wake_.get(), &count, sizeof count);
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(durable_, {});
}

Status Committer::failure() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return failure_;
}

Status Committer::Flush() {
  std::unique_lock<std::mutex> lock(mutex_);
  idle_.wait(lock, [this] { return !retry_ && !writing_ && (!failure_.ok() || waiting_.empty()); });
  return failure_;
}

void Committer::Retry() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failure_.ok()) return;
    retry_ = true;
  }
  work_.notify_one();
}

Status Committer::Write(std::deque<CommitItem>& items) {
  std::unique_ptr<StoreWrite> write = store_.NewWrite();
  write_ = nullptr;
  write_syncs_ = false;
  write_tickets_.clear();
  for (CommitItem& item : items) {
    const auto country = countries_.find(item.run);
    HARK_RETURN_IF_ERROR(Ingest(
        item, geo_, country == countries_.end() ? std::string() : country->second, store_, *write));
    write_syncs_ |= item.must_sync;
    if (item.ticket != 0) write_tickets_.push_back(item.ticket);
  }
  write_ = std::move(write);
  return store_.Commit(*write_, write_syncs_);
}

Status Committer::WriteAgain() {
  if (write_ == nullptr) return Internal("a write that was never whole cannot be tried again");
  HARK_RETURN_IF_ERROR(store_.Resume());
  return store_.Commit(*write_, write_syncs_);
}

// How a write went, to whoever waits for it. Called with the mutex held.
void Committer::Report(Status status) {
  writing_ = false;
  if (status.ok()) {
    durable_.insert(durable_.end(), write_tickets_.begin(), write_tickets_.end());
    write_ = nullptr;
  } else {
    LogInfo("coordinator/committer", status.message());  // the owner tells the operator
  }
  failure_ = std::move(status);
  idle_.notify_all();
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
}

void Committer::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    work_.wait(lock,
               [this] { return stopping_ || retry_ || (!waiting_.empty() && failure_.ok()); });
    const bool again = std::exchange(retry_, false) && !failure_.ok();
    if (!again && (waiting_.empty() || !failure_.ok())) {
      if (stopping_) return;
      continue;
    }
    std::deque<CommitItem> group;
    while (!again && !waiting_.empty() && group.size() < kMaxGroup) {
      group.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    writing_ = true;
    lock.unlock();
    Status status = again ? WriteAgain() : Write(group);
    lock.lock();
    Report(std::move(status));
  }
}

}  // namespace hark

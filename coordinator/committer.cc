#include "coordinator/committer.h"

#include <sys/eventfd.h>

#include <algorithm>

#include "base/log.h"
#include "base/time.h"

namespace hark {
namespace {

// Items in one write: bounds the memory of a WriteBatch (an item is at most half a MiB).
constexpr size_t kMaxGroup = 64;
constexpr Duration kSpaceLook = std::chrono::seconds(1);

}  // namespace

Committer::Committer(Store& store, const GeoTable& geo, std::map<uint32_t, std::string> countries)
    : store_(store),
      geo_(geo),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      countries_(std::move(countries)) {
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

void Committer::AddRun(uint32_t run, std::string country) {
  const std::lock_guard<std::mutex> lock(mutex_);
  countries_[run] = std::move(country);
}

size_t Committer::waiting() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return waiting_.size();
}

std::string Committer::CountryOf(uint32_t run) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto country = countries_.find(run);
  return country == countries_.end() ? std::string() : country->second;
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
  idle_.wait(lock, [this] { return !failure_.ok() || (waiting_.empty() && !writing_); });
  return failure_;
}

Status Committer::Write(std::deque<CommitItem>& items) {
  const std::unique_ptr<StoreWrite> write = store_.NewWrite();
  bool sync = false;
  for (CommitItem& item : items) {
    HARK_RETURN_IF_ERROR(Ingest(item, geo_, CountryOf(item.run), store_, *write));
    sync |= item.must_sync;
  }
  return WriteWhenThereIsSpace(*write, sync);
}

// The owner learns of it by waits_for() and gives nothing more out; what was accepted stays here.
Status Committer::WriteWhenThereIsSpace(StoreWrite& write, bool sync) {
  Status status = store_.Commit(write, sync);
  std::unique_lock<std::mutex> lock(mutex_);
  while (waits_for_space_ && status.code() == StatusCode::kDiskFull) {
    if (waits_for_.empty()) LogWarning("coordinator/committer", status.message());
    waits_for_ = "the disk is full; what was acknowledged is safe, it goes on when there is space";
    if (work_.wait_for(lock, kSpaceLook, [this] { return stopping_; })) break;
    lock.unlock();
    status = store_.Resume();
    if (status.ok()) status = store_.Commit(write, sync);
    lock.lock();
  }
  waits_for_.clear();
  return status;
}

std::string Committer::waits_for() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return waits_for_;
}

void Committer::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return stopping_ || (!waiting_.empty() && failure_.ok()); });
    if (waiting_.empty() || !failure_.ok()) {
      if (stopping_) return;
      continue;
    }
    std::deque<CommitItem> group;
    while (!waiting_.empty() && group.size() < kMaxGroup) {
      group.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    writing_ = true;
    lock.unlock();
    Status status = Write(group);
    lock.lock();
    writing_ = false;
    if (status.ok()) {
      for (const CommitItem& item : group) {
        if (item.ticket != 0) durable_.push_back(item.ticket);
      }
    } else {
      LogInfo("coordinator/committer", status.message());  // the owner tells the operator
      failure_ = std::move(status);
    }
    idle_.notify_all();
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
  }
}

}  // namespace hark

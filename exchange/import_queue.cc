#include "exchange/import_queue.h"

#include <utility>

namespace hark {

ImportQueue::ImportQueue(ImportTarget& target, const ImportProgress& from)
    : target_(target), progress_(from), batch_from_(from.next_byte), worker_([this] { Work(); }) {}

ImportQueue::~ImportQueue() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  if (worker_.joinable()) worker_.join();
}

Status ImportQueue::Add(ImportedHost host) {
  ++progress_.counts.hosts;
  progress_.counts.ports += host.ports.size();
  batch_.hosts.push_back(std::move(host));
  return Status::Ok();
}

Status ImportQueue::Reject(const RejectedLine& line) {
  CountReason(line.reason, &progress_.counts);
  batch_.rejected.push_back(line);
  return Status::Ok();
}

Status ImportQueue::Reached(uint64_t line, uint64_t byte) {
  ++progress_.counts.lines;
  progress_.next_line = line;
  progress_.next_byte = byte;
  const bool full = byte - batch_from_ >= kBatchBytes || batch_.hosts.size() >= kBatchHosts ||
                    batch_.rejected.size() >= kBatchHosts;
  return full ? Push() : Status::Ok();
}

Status ImportQueue::Push() {
  batch_.progress = progress_;
  batch_from_ = progress_.next_byte;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kMostWaiting || !status_.ok(); });
  if (!status_.ok()) return status_;
  waiting_.push_back(std::exchange(batch_, {}));
  lock.unlock();
  changed_.notify_all();
  return Status::Ok();
}

Status ImportQueue::Finish(bool done) {
  progress_.done = done;
  HARK_RETURN_IF_ERROR(Push());
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return (waiting_.empty() && !busy_) || !status_.ok(); });
  HARK_RETURN_IF_ERROR(status_);
  return target_.Finish();
}

void ImportQueue::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !waiting_.empty() || closed_; });
    if (closed_) return;
    ImportBatch batch = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    changed_.notify_all();
    Status status = target_.Write(std::move(batch));
    lock.lock();
    busy_ = false;
    if (!status.ok()) {
      status_ = std::move(status);
      waiting_.clear();
    }
    changed_.notify_all();
    if (!status_.ok()) return;
  }
}

}  // namespace hark

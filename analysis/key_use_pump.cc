#include "analysis/key_use_pump.h"

#include <optional>
#include <utility>

namespace hark {
namespace {

// 160 KB: enough that handing a batch over costs nothing beside filling it.
constexpr size_t kUsesInBatch = 4096;

}  // namespace

KeyUsePump::KeyUsePump(const RunReader& reader, const HostTable& hosts)
    : reader_(reader), hosts_(hosts), thread_([this] { Produce(); }) {
  Refill();
}

KeyUsePump::~KeyUsePump() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Status KeyUsePump::status() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return status_;
}

void KeyUsePump::Refill() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || done_; });
  batch_.clear();
  batch_.swap(ready_);
  at_ = 0;
  lock.unlock();
  changed_.notify_all();
}

void KeyUsePump::Produce() {
  Status status = reader_.ForEachKeyUse([this](const KeyUse& use) { return Take(use); });
  if (status.ok() && !filling_.empty()) status = HandOver();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    status_ = std::move(status);
    done_ = true;
  }
  changed_.notify_all();
}

Status KeyUsePump::Take(const KeyUse& use) {
  HARK_ASSIGN_OR_RETURN(const std::optional<uint32_t> host, HostOfUse(hosts_, use));
  if (!host) return Status::Ok();
  filling_.push_back({use.key, {*host, use.port}});
  return filling_.size() < kUsesInBatch ? Status::Ok() : HandOver();
}

Status KeyUsePump::HandOver() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return ready_.empty() || stopped_; });
  if (stopped_) return {StatusCode::kInterrupted, "nobody wants the rest"};
  ready_.swap(filling_);
  lock.unlock();
  changed_.notify_all();
  filling_.clear();
  return Status::Ok();
}

}  // namespace hark

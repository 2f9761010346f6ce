#include "api/work_pool.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace hark {
namespace {

// A fifth or so of what a look-up gets when both want the processor.
constexpr int kNice = 10;

}  // namespace

WorkPool::WorkPool(size_t threads, size_t most_waiting) : most_waiting_(most_waiting) {
  for (size_t i = 0; i < std::max<size_t>(threads, 1); ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

WorkPool::~WorkPool() {
  Stop();
}

bool WorkPool::Offer(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || new_.size() >= most_waiting_) return false;
    new_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

void WorkPool::Continue(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    begun_.push_back(std::move(work));
  }
  changed_.notify_one();
}

void WorkPool::Stop() {
  std::deque<Work> dropped;  // destroyed without the lock: it may hold much
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(new_);
    for (Work& work : begun_) dropped.push_back(std::move(work));
    begun_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkPool::Run() {
  // Linux: the priority of one thread. If it is refused the work is done all the same.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || !begun_.empty() || !new_.empty(); });
    if (stopped_) return;
    std::deque<Work>& from = begun_.empty() ? new_ : begun_;
    Work work = std::move(from.front());
    from.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it holds is let go before the next wait
    lock.lock();
  }
}

}  // namespace hark

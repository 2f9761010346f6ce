#pragma once

// The threads of the patient lane: what may take long is done here, beside the look-ups. They run
// at a lower priority, so that on a busy machine look-ups go first.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hark {

class WorkPool {
 public:
  using Work = std::function<void()>;

  // most_waiting: new work beyond it is refused.
  WorkPool(size_t threads, size_t most_waiting);
  ~WorkPool();  // Stop

  // New work; false: too much waits already.
  bool Offer(Work work);
  // The next part of work that was taken on before; goes before what is new, and is never refused.
  void Continue(Work work);
  // Finishes what runs and drops what waits. Nothing is taken on afterwards. Any thread but its
  // own.
  void Stop();

 private:
  void Run();

  const size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> new_, begun_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace hark

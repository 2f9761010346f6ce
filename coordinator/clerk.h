#pragma once

// What an operator asks for and what takes the disk's time: done one after another on a thread of
// its own, so that the coordinator's loop never waits for it. The rows it writes (new runs,
// opt-outs) are nobody else's.
//
// Threads: Take and Poll from the loop's; a task runs on the clerk's, what it gives on the loop's.

#include <deque>
#include <functional>
#include <future>

namespace hark {

class Clerk {
 public:
  using Finish = std::function<void()>;
  using Task = std::function<Finish()>;

  Clerk() = default;
  // Waits for the task in hand; the others are dropped.
  ~Clerk() = default;

  // False: too many wait already.
  bool Take(Task task);
  // Runs what finished tasks gave, and begins the next one.
  void Poll();

 private:
  std::deque<Task> waiting_;
  std::future<Finish> in_hand_;
};

}  // namespace hark

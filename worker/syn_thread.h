#pragma once

// The desk (syn_desk.h) with its channel, in a thread of its own: neither the spool's disk nor a
// handshake keeps a SYN waiting. It sleeps until the next burst; replies wait in the channel's ring
// meanwhile, 10 ms at most.
//
// Threads: one of its own; the methods are its owner's.

#include <atomic>
#include <memory>
#include <thread>

#include "base/time.h"
#include "base/unique_fd.h"
#include "worker/engine/reactor.h"
#include "worker/syn_desk.h"

namespace hark {

class SynThread {
 public:
  // clock outlives it.
  static Result<std::unique_ptr<SynThread>> Start(std::unique_ptr<SynChannel> channel,
                                                  std::shared_ptr<EngineBudget> budget,
                                                  const Clock& clock);
  ~SynThread();

  SynDesk& desk() { return desk_; }

 private:
  SynThread(std::unique_ptr<SynChannel> channel, std::shared_ptr<EngineBudget> budget,
            const Clock& clock, Reactor reactor, UniqueFd wake);
  void Run();

  class Waker final : public IoHandler {
   public:
    explicit Waker(int fd) : fd_(fd) {}
    void OnReady(IoEvents) override;

   private:
    const int fd_;
  };

  const Clock& clock_;
  const std::unique_ptr<SynChannel> channel_;
  SynDesk desk_;
  Reactor reactor_;
  const UniqueFd wake_;
  Waker waker_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace hark

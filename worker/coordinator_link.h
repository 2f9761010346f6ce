#pragma once

// The worker's connection to its coordinator: makes it, queues what the socket has no room for, and
// after a failure waits twice as long as before, with jitter, so that a fleet does not come back in
// step.
//
// Threads: one.

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "bus/dealer.h"

namespace hark {

struct LinkOptions {
  DealerOptions dealer;
  Duration first_wait = std::chrono::seconds(1);
  Duration last_wait = std::chrono::minutes(5);
  uint64_t seed = 0;
};

class CoordinatorLink {
 public:
  explicit CoordinatorLink(LinkOptions options)
      : options_(std::move(options)), random_(options_.seed) {}

  bool up() const { return dealer_ != nullptr; }
  // Connects when the wait is over. Fails only for options that can never work.
  Status OpenIfDue(MonoTime now);
  // Tears the socket down, with what was queued; the next OpenIfDue waits longer.
  void Close(MonoTime now);
  // The connection has proven good: the next wait is short again.
  void Settled() { wait_ = Duration(0); }
  // The coordinator refused our key: Close.
  bool refused() { return dealer_ != nullptr && dealer_->refused(); }

  void Send(std::vector<proto::Envelope> envelopes);
  // Tries to send what is queued.
  void Flush();
  size_t queued() const { return queue_.size(); }
  std::optional<proto::Envelope> Receive();
  // -1 while down.
  int wake_fd() const { return dealer_ == nullptr ? -1 : dealer_->wake_fd(); }

 private:
  LinkOptions options_;
  Random random_;
  std::unique_ptr<Dealer> dealer_;
  std::deque<proto::Envelope> queue_;
  Duration wait_{0};
  MonoTime open_at_{};
};

}  // namespace hark

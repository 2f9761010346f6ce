#pragma once

// One engine in a thread of its own, and the two places where work changes hands: orders go in,
// results come out. Neither fills without bound: an order comes only for what the pool's room
// allows, and each gives one result.
//
// Threads: Give, Nudge, TakeResults and Look are called by the owner; the engine belongs to the
// thread.

#include <atomic>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "base/unique_fd.h"
#include "worker/engine/engine.h"

namespace hark {

// Counts an order in its run's line while it is on its way to the engine.
class InLine {
 public:
  explicit InLine(std::atomic<size_t>* count) : count_(count) {
    if (count_ != nullptr) ++*count_;
  }
  InLine(InLine&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  InLine& operator=(InLine&& other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~InLine() {
    if (count_ != nullptr) --*count_;
  }

 private:
  std::atomic<size_t>* count_;
};

struct KnockOrder {
  PolicyPtr policy;
  Address address;
  uint16_t port = 0;
  KnockCallback done;
  InLine in_line;  // its count lives in the policy's pacer
};
struct VisitOrder {
  VisitRequest request;
  InLine in_line;
};
struct RecallOrder {
  PolicyPtr policy;
  Permission permission = Permission::kGo;
  std::shared_ptr<std::latch> obeyed;  // counted down when its results are there to be taken
};
struct AbortOrder {
  AbortFilter filter;
  std::shared_ptr<std::latch> obeyed;
};
using EngineOrder = std::variant<KnockOrder, VisitOrder, RecallOrder, AbortOrder>;

// A callback of the owner's and what it is to be told, in the owner's thread.
struct KnockDone {
  KnockCallback done;
  KnockResult result;
};
struct VisitDone {
  VisitCallback done;
  VisitResult result;
};
using EngineResult = std::variant<KnockDone, VisitDone>;

class EngineThread {
 public:
  // wake: an eventfd of the owner's, written when there are results to take.
  EngineThread(std::unique_ptr<Engine> engine, int wake);
  // What is under way is dropped, nobody is told.
  ~EngineThread();

  // Fails when there is no descriptor to be woken by.
  Status Start();
  void Give(EngineOrder order);
  // The budget has changed: what waits for it looks again.
  void Nudge();
  // Appends what is finished.
  void TakeResults(std::vector<EngineResult>* out);
  // As of the engine's last turn, with the orders given since.
  EngineStats Look() const;

 private:
  void Run();
  void TakeOrders();
  void Obey(EngineOrder order);
  // Hands over what this turn finished.
  void Publish();

  std::unique_ptr<Engine> engine_;
  const int wake_owner_;
  UniqueFd wake_thread_;
  std::vector<EngineResult> finished_;  // this turn's; the thread's own

  mutable std::mutex mutex_;
  std::vector<EngineOrder> orders_;  // under mutex_, as is all that follows
  std::vector<EngineResult> results_;
  EngineStats stats_;
  size_t given_knocks_ = 0;  // since stats_ was taken
  size_t given_visits_ = 0;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace hark

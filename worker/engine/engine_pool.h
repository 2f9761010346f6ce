#pragma once

// Several engines, each in a thread of its own, as one prober: for machines where one core does not
// keep up with the handshakes.
//
// All of them draw on one budget, so the rate and the number of sockets are those of the whole. An
// address always goes to the same engine, so a host never has two visits at once.
//
// Orders are handed over when given, results are collected by RunOnce, and by SetPermission and
// Abort, which wait until every engine has obeyed: one turn of theirs.
//
// Threads: one, the one that calls RunOnce; callbacks run in it.

#include <memory>
#include <vector>

#include "worker/engine/engine_thread.h"

namespace hark {

class EnginePool final : public EngineLoop {
 public:
  // threads >= 1. clock outlives the pool and can be asked by any thread.
  static Result<std::unique_ptr<EnginePool>> Create(const EngineOptions& options, size_t threads,
                                                    const Clock& clock);
  ~EnginePool() override;

  void Knock(PolicyPtr policy, const Address& address, uint16_t port, KnockCallback done) override;
  void Visit(PolicyPtr policy, const Address& address, std::vector<uint16_t> ports,
             VisitCallback done) override;
  size_t KnockRoom() const override;
  size_t VisitRoom() const override;
  void SetRate(double per_second) override;
  void SetMaxInFlight(size_t sockets) override;
  size_t KnockRoomFor(const ContactPolicy& policy) const override;
  size_t VisitRoomFor(const ContactPolicy& policy) const override;
  void SetPermission(const PolicyPtr& policy, Permission permission) override;
  void Abort(const AbortFilter& filter) override;

  Status Watch(int fd, std::function<void()> readable) override;
  void Unwatch(int fd) override;
  void RunOnce(Duration max_wait) override;
  EngineStats stats() const override;
  std::shared_ptr<EngineBudget> budget() const override { return budget_; }
  double rate() const override { return budget_->rate(); }
  size_t max_in_flight() const override { return budget_->slots(); }

 private:
  EnginePool(const Clock& clock, Reactor reactor, UniqueFd wake, size_t socket_room);
  EngineThread& ThreadOf(const Address& address);
  // Waits until all threads have obeyed the order that make gives each.
  void OrderAll(const std::function<EngineOrder(std::shared_ptr<std::latch>)>& make);
  // Tells the callbacks what the engines have finished.
  void Deliver();

  const Clock& clock_;
  Reactor reactor_;
  FdWatch watch_;
  UniqueFd wake_;  // written by the threads
  size_t socket_room_;
  std::shared_ptr<EngineBudget> budget_;
  std::vector<std::unique_ptr<EngineThread>> threads_;
};

}  // namespace hark

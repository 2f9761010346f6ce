#pragma once

// The loop that drives thousands of conversations in one thread: knocks and visits (prober.h) under
// one rate ceiling and one bound on open sockets.
//
// Every connection attempt, of a knock or within a visit, takes one token from the budget, so the
// ceiling holds for what leaves the machine, whatever the mix. The budget may be shared with other
// engines (engine_pool.h). A second visit to a host waits for the first to end. Visits go first: a
// host that answered should not change while it waits. Below the ceiling the loop sleeps in the
// kernel until a token, a timer or a descriptor is due. Each run has a lane (lane.h) with rates of
// its own; the lanes take turns.
//
// Memory: an open conversation owns its probe and at most 256 KiB of unsent bytes; reading uses one
// buffer on the stack.
//
// Threads: one, the one that calls RunOnce.

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "worker/engine/engine_loop.h"
#include "worker/engine/fd_watch.h"
#include "worker/engine/knocker.h"
#include "worker/engine/lane.h"
#include "worker/engine/prober.h"
#include "worker/engine/visit.h"

namespace hark {

class Engine final : public EngineLoop, private Visit::Owner {
 public:
  // On its own: raises the limit of descriptors and lowers max_in_flight to fit. clock outlives it.
  static Result<std::unique_ptr<Engine>> Create(const EngineOptions& options, const Clock& clock);
  // One of several. SetRate and SetMaxInFlight are the budget's owner's to call.
  static Result<std::unique_ptr<Engine>> Create(const EngineOptions& options, const Clock& clock,
                                                std::shared_ptr<EngineBudget> budget);
  ~Engine() override;

  void Knock(PolicyPtr policy, const Address& address, uint16_t port, KnockCallback done) override;
  void Visit(PolicyPtr policy, const Address& address, std::vector<uint16_t> ports,
             VisitCallback done) override;
  size_t KnockRoom() const override;
  size_t VisitRoom() const override;
  size_t KnockRoomFor(const ContactPolicy& policy) const override;
  size_t VisitRoomFor(const ContactPolicy& policy) const override;
  void SetPermission(const PolicyPtr& policy, Permission permission) override;
  void Abort(const AbortFilter& filter) override;

  void SetRate(double per_second) override;
  std::shared_ptr<EngineBudget> budget() const override { return parts_.budget; }
  double rate() const override { return parts_.budget->rate(); }
  // At most what Create found room for.
  void SetMaxInFlight(size_t sockets) override;
  size_t max_in_flight() const override { return parts_.budget->slots(); }

  Status Watch(int fd, std::function<void()> readable) override;
  void Unwatch(int fd) override;

  // One turn: due timers, connections there are tokens for, then waits for at most max_wait, or not
  // at all when results came of them.
  void RunOnce(Duration max_wait) override;
  // Its two halves. BeginTurn is true when results came of it.
  bool BeginTurn();
  void EndTurn(Duration max_wait);

  // Nothing queued, open or paused.
  bool idle() const;
  EngineStats stats() const override;

 private:
  using VisitObject = ::hark::Visit;

  Engine(const EngineOptions& options, const Clock& clock, std::shared_ptr<EngineBudget> budget,
         Reactor reactor);
  void VisitReady(VisitObject* visit) override;
  void VisitEnded(VisitObject* visit, VisitResult result) override;
  Lane& LaneOf(const PacerPtr& pacer);
  // When the first of all lanes could go, were there tokens and slots.
  MonoTime WhenReady(MonoTime now) const;
  // How many tokens are worth waking up for.
  double WakeTokens() const;
  void HearAnswers();
  void LimitTarpits();
  void StartConnections();
  // False: no lane has one that may go.
  bool StartOne(MonoTime now);
  void HostIsFree(VisitObject* visit);
  Duration WaitTime(Duration max_wait) const;

  EngineParts parts_;
  size_t socket_room_;
  Knocker knocker_;
  std::unordered_map<VisitObject*, std::unique_ptr<VisitObject>> visits_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  size_t turn_ = 0;                                         // the lane that goes first
  std::unordered_map<Address, VisitObject*> hosts_;         // the visit each host has
  std::unordered_multimap<Address, VisitObject*> waiting_;  // until their host's visit is over
  std::vector<std::unique_ptr<VisitObject>> ended_;         // until the turn's end
  FdWatch watch_;
};

}  // namespace hark

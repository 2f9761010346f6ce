#pragma once

// The loop that drives thousands of conversations in one thread: knocks and visits (prober.h) under
// one rate ceiling and one bound on open sockets.
//
// Every connection attempt, of a knock or within a visit, takes one token from the bucket, so the
// ceiling holds for what leaves the machine, whatever the mix. Visits go first: a host that
// answered should not change while it waits. Below the ceiling the loop sleeps in the kernel until
// a token, a timer or a descriptor is due.
//
// Descriptors: Create raises the soft limit to the hard one and lowers max_in_flight to fit.
// Memory: an open conversation owns its probe and at most 256 KiB of unsent bytes; reading uses one
// buffer on the stack.
//
// Threads: one, the one that calls RunOnce.

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "base/token_bucket.h"
#include "worker/engine/engine_parts.h"
#include "worker/engine/knocker.h"
#include "worker/engine/prober.h"
#include "worker/engine/visit.h"

namespace hark {

class Engine final : public Prober, private Visit::Owner {
 public:
  // clock outlives the engine.
  static Result<std::unique_ptr<Engine>> Create(const EngineOptions& options, const Clock& clock);
  ~Engine() override;

  void Knock(PolicyPtr policy, const Address& address, uint16_t port, KnockCallback done) override;
  void Visit(PolicyPtr policy, const Address& address, std::vector<uint16_t> ports,
             VisitCallback done) override;
  size_t KnockRoom() const override;
  size_t VisitRoom() const override;
  void SetPermission(const PolicyPtr& policy, Permission permission) override;

  void SetRate(double per_second) override;
  double rate() const { return bucket_.rate(); }
  // At most what Create found room for.
  void SetMaxInFlight(size_t sockets) override;
  size_t max_in_flight() const { return parts_.options.max_in_flight; }

  // Calls back from RunOnce when fd becomes readable; edge-triggered, so drain it. For the bus.
  Status Watch(int fd, std::function<void()> readable);
  void Unwatch(int fd);

  // One turn: due timers, connections there are tokens for, then waits for at most max_wait, or not
  // at all when results came of them.
  void RunOnce(Duration max_wait);

  // Nothing queued, open or paused.
  bool idle() const;
  EngineStats stats() const;

 private:
  class Watcher;
  using VisitObject = ::hark::Visit;

  Engine(const EngineOptions& options, const Clock& clock, Reactor reactor, size_t socket_room);
  void VisitReady(VisitObject* visit) override;
  void VisitEnded(VisitObject* visit, VisitResult result) override;
  bool HasReady() const { return !ready_.empty() || knocker_.ready(); }
  // How many tokens are worth waking up for.
  double WakeTokens() const;
  void StartConnections();
  Duration WaitTime(Duration max_wait) const;

  EngineParts parts_;
  size_t socket_room_;
  TokenBucket bucket_;
  Knocker knocker_;
  std::unordered_map<VisitObject*, std::unique_ptr<VisitObject>> visits_;
  std::deque<VisitObject*> ready_;
  std::vector<std::unique_ptr<VisitObject>> ended_;  // until the turn's end
  std::unordered_map<int, std::unique_ptr<Watcher>> watchers_;
};

}  // namespace hark

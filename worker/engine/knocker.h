#pragma once

// Knocks waiting and under way. A knock is one connect(); what it shows is the result, and the
// socket is closed at once.
//
//   state    | on               | do                              | next
//   queued   | token and slot   | may_contact, StartConnect       | flying, later or ended
//   flying   | writable, broken | FinishConnect                   | ended, later
//   flying   | connect timeout  |                                 | ended: silent
//   later    | its wait is over | (our side had no room)          | queued
//   queued, later | permission withdrawn |                        | ended: not sent

#include <deque>
#include <map>
#include <memory>
#include <unordered_map>

#include "worker/engine/engine_parts.h"
#include "worker/engine/prober.h"
#include "worker/engine/tcp_connect.h"

namespace hark {

class Knocker final : public Alarm {
 public:
  explicit Knocker(EngineParts& parts);
  ~Knocker() override;

  void Add(PolicyPtr policy, const Address& address, uint16_t port, KnockCallback done);
  bool ready() const { return !queue_.empty(); }
  size_t queued() const { return queue_.size() + later_.size(); }
  // Sends the first of the queue. The caller has paid for it.
  void StartNext(MonoTime now);
  // Everything of that policy not sent yet ends as kNotSent.
  void Recall(const ContactPolicy* policy);
  void OnAlarm(MonoTime now) override;

 private:
  struct Request {
    PolicyPtr policy;
    Address address;
    uint16_t port = 0;
    KnockCallback done;
    int attempts = 0;
  };
  class Flight;

  void Settle(Request request, const ConnectAttempt& attempt, MonoTime now);
  void End(Request& request, KnockResult result);
  void RetryLater(Request request, MonoTime now);
  void Land(Flight* flight, const ConnectAttempt& attempt, MonoTime now);

  EngineParts& parts_;
  std::deque<Request> queue_;
  std::multimap<MonoTime, Request> later_;
  std::unordered_map<Flight*, std::unique_ptr<Flight>> flights_;
};

}  // namespace hark

#pragma once

// Knocks under way. A knock is one connect(); what it shows is the result, and the socket is closed
// at once. Those that wait for their turn are in a lane (lane.h).
//
//   state    | on               | do                              | next
//   in lane  | token and slot   | may_contact, StartConnect       | flying, later or ended
//   flying   | writable, broken | FinishConnect                   | ended, later
//   flying   | connect timeout  |                                 | ended: silent
//   flying   | Abort            | close with a reset              | ended: excluded
//   later    | its wait is over | (our side had no room)          | in lane
//   later    | permission withdrawn |                             | ended: not sent
//   later    | Abort            |                                 | ended: excluded

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "worker/engine/engine_parts.h"
#include "worker/engine/lane.h"
#include "worker/engine/tcp_connect.h"

namespace hark {

class Knocker final : public Alarm {
 public:
  // queue: puts a request into its lane again.
  Knocker(EngineParts& parts, std::function<void(KnockRequest)> queue);
  ~Knocker() override;

  size_t later() const { return later_.size(); }
  // Sends it. The caller has paid for it.
  void Start(KnockRequest request, MonoTime now);
  // What of that policy waits for room on our side ends as kNotSent.
  void Recall(const ContactPolicy* policy);
  // Ends what the filter selects as kExcluded.
  void Abort(const AbortFilter& filter);
  // Counts it and calls back.
  void End(KnockRequest request, KnockResult result);
  void OnAlarm(MonoTime now) override;

 private:
  class Flight;

  void Settle(KnockRequest request, const ConnectAttempt& attempt, MonoTime now);
  void RetryLater(KnockRequest request, MonoTime now);
  KnockRequest TakeDown(Flight* flight);
  std::vector<KnockRequest> TakeLater(const std::function<bool(const KnockRequest&)>& selects);
  void Land(Flight* flight, const ConnectAttempt& attempt, MonoTime now);

  EngineParts& parts_;
  std::function<void(KnockRequest)> queue_;
  std::multimap<MonoTime, KnockRequest> later_;
  std::unordered_map<Flight*, std::unique_ptr<Flight>> flights_;
};

}  // namespace hark

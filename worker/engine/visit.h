#pragma once

// All ports of one host, one after the other, with at most one connection at any time.
//
//   state   | on                          | do                                 | next
//   ready   | token and slot (Connect)    | may_contact, Connection::Start   | talking
//   ready   | permission withdrawn        |                                    | ended: not sent
//   talking | connection over             | OnProbeDone or OnConnectFailed     | paused, ready,
//   ended talking | our side had no room        | wait                               | paused
//   paused  | pause over                  | Next(); next port when nullptr     | ready, ended
//   paused  | permission withdrawn        |                                    | ended: not sent
//   all ports done | each was connected to | canary ports, one after the other  | ready, ended
//   any     | host_time_limit             | keep what was learnt, kTooSlow     | ended: visited
//   any     | Abort                       | reset an open connection           | ended: excluded
//
// The host is left alone between two probes of a survey as long as the survey wishes, without a
// socket; between two ports there is no pause, they are different servers.

#include <functional>
#include <memory>
#include <vector>

#include "worker/engine/connection.h"
#include "worker/engine/prober.h"

namespace hark {

struct VisitRequest {
  PolicyPtr policy;
  Address address;
  std::vector<uint16_t> ports;
  VisitCallback done;
};

// The odd ports a host is tried on, number 0 and up; never one that was asked for. Fixed for a key
// and a host, so that a visit made again tries the same; nobody without the key can tell them.
uint16_t CanaryPortOf(uint64_t key, const Address& host, const std::vector<uint16_t>& asked,
                      int number);

class Visit final : public Alarm {
 public:
  // What a visit needs of its owner, which puts a new visit among the ready ones itself.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void VisitReady(Visit* visit) = 0;  // wants a token and a slot, then Connect
    // Takes the visit off every list and calls the callback; the object lives on until the
    // loop's next turn, since its own methods are on the stack.
    virtual void VisitEnded(Visit* visit, VisitResult result) = 0;
  };

  Visit(EngineParts& parts, Owner& owner, VisitRequest request);
  ~Visit() override;

  void Connect(MonoTime now);
  // kGo and kFinishStarted let a begun visit go on; see Permission.
  void Recall(Permission permission);
  // Not from inside its own callbacks.
  void Abort();

  const VisitRequest& request() const { return request_; }
  VisitCallback TakeCallback() { return std::move(request_.done); }
  // Ended while it stood among its owner's ready ones.
  bool was_ready() const { return was_ready_; }
  bool waiting() const { return state_ == State::kReady || state_ == State::kPaused; }

 private:
  // Says nothing: that the connection came about is all there is to learn.
  class Canary final : public Probe {
   public:
    void OnConnected(MonoTime) override {}
    void OnBytes(std::string_view, MonoTime) override {}
    void OnEof(MonoTime) override {}
    void OnReset(MonoTime) override {}
    void OnDeadline(MonoTime) override {}
    std::string TakeOutput() override { return ""; }
    MonoTime deadline() const override { return kNever; }
    bool done() const override { return true; }
  };

  enum class State : uint8_t { kReady, kTalking, kPaused, kEnded };

  // The limit rings apart from pauses.
  class Limit final : public Alarm {
   public:
    explicit Limit(Visit& visit) : visit_(visit) {}
    void OnAlarm(MonoTime now) override { visit_.OnTimeLimit(now); }

   private:
    Visit& visit_;
  };

  void OnAlarm(MonoTime now) override;  // the pause is over
  bool FindProbe();
  bool AllPortsDone() const { return results_.size() == request_.ports.size(); }
  bool WantsCanary() const;
  void OnConnectionEnd(const ConnectAttempt& how, MonoTime now);
  void OnTimeLimit(MonoTime now);
  void Pause(Duration pause, MonoTime now);
  void BeReady();
  void FinishPort();
  void CutShort(MonoTime now);
  void End(VisitResult::End end);

  EngineParts& parts_;
  Owner& owner_;
  VisitRequest request_;
  Connection connection_;
  Limit limit_;
  State state_ = State::kReady;
  MonoTime begun_;  // the first connection
  int64_t begun_unix_ms_;
  bool contacted_ = false;
  bool was_ready_ = false;
  int local_attempts_ = 0;
  std::unique_ptr<PortSurvey> survey_;  // of ports[results_.size()]
  Probe* probe_ = nullptr;              // the survey's last Next(), until its end
  std::vector<PortObservation> results_;
  Canary canary_;
  int canaries_answered_ = 0;
  bool canary_silent_ = false;  // one did not: it does not answer everything
};

}  // namespace hark

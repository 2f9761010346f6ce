#pragma once

// One TCP connection for one Probe: connect, carry bytes both ways, keep the deadline, close.
//
//   state      | on                | do                               | next
//   idle       | Start             | StartConnect                     | connecting, talking, ended
//   connecting | writable, broken  | FinishConnect; OnConnected       | talking, ended: failed
//   connecting | connect timeout   |                                  | ended: silent
//   talking    | readable          | OnBytes, or OnEof and stop read. | talking, closing, ended
//   talking    | reset             | OnReset                          | talking, closing, ended
//   talking    | kQuietAfter       | OnQuiet, once until it says more | talking
//   talking    | probe's deadline  | OnDeadline                       | talking, closing, ended
//   talking    | GiveUp            | OnDeadline, else OnReset         | closing, ended
//   closing    | writable          | send the rest                    | leaving, ended
//   closing    | reset, 2 s        |                                  | ended
//   leaving    | readable          | read and forget                  | leaving, ended at EOF
//   leaving    | goodbye_wait      |                                  | ended
//   any        | Abort             | OnReset if talking               | idle, nobody told
//   any        | Reset             | RST to the peer, unsent is lost  | idle, nobody told
//
// A probe that has said goodbye (QUIT, close_notify, SSH disconnect) leaves: the peer closes first
// and keeps the TIME_WAIT, and what it still sent does not turn our close into a reset. After a
// deadline there is nobody to wait for.

#include <functional>
#include <string>

#include "worker/engine/engine_parts.h"
#include "worker/engine/tcp_connect.h"
#include "worker/probe/probe.h"

namespace hark {

class Connection final : public IoHandler, public Alarm, public SlowTalk {
 public:
  // state kConnected: the probe is done. Otherwise why there was no connection.
  using EndCallback = std::function<void(const ConnectAttempt& how, MonoTime now)>;

  Connection(EngineParts& parts, EndCallback on_end) : parts_(parts), on_end_(std::move(on_end)) {}
  ~Connection() override { Close(); }

  // on_end may come from inside. The probe lives until then.
  void Start(Probe* probe, const Address& address, uint16_t port, Duration connect_timeout,
             MonoTime now);
  bool active() const { return state_ != State::kIdle; }
  void Abort(MonoTime now);
  // The probe is not told either: it is about to go.
  void Reset();

  void OnReady(IoEvents events) override;
  void OnAlarm(MonoTime now) override;
  void GiveUp(MonoTime now) override;

 private:
  enum class State : uint8_t { kIdle, kConnecting, kTalking, kClosing, kLeaving };

  void Connected(MonoTime now);
  void ConnectedAndReset(MonoTime now);
  void TellReset(MonoTime now);
  void Read(MonoTime now);
  void Pump(MonoTime now);
  // True when nothing is left to send.
  bool Send(std::string fresh);
  void NoteProgress(MonoTime now);
  MonoTime NextAlarm(MonoTime now);
  void Finish(bool sent, MonoTime now);
  void Leave(MonoTime now);
  void Drain(MonoTime now);
  void Watch(IoEvents wanted);
  void End(const ConnectAttempt& how, MonoTime now);
  void Close();

  EngineParts& parts_;
  EndCallback on_end_;
  State state_ = State::kIdle;
  Probe* probe_ = nullptr;
  UniqueFd fd_;
  std::string unsent_;
  size_t left_ = 0;  // bytes we still read while leaving
  IoEvents watched_;
  MonoTime progress_;      // when the peer last made the probe say something
  MonoTime quiet_;         // when OnQuiet is due, kNever once told
  bool heard_ = false;     // something since then
  bool hopeless_ = false;  // it ended by a deadline: no goodbye is waited for
  bool goodbye_ = false;   // the probe's last words are said
  bool reading_ = false;
  bool reset_told_ = false;
  bool reset_seen_ = false;  // the error of a send was its RST
};

}  // namespace hark

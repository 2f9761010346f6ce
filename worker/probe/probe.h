#pragma once

// The shape every conversation with a host has.
//
// A Probe is one TCP connection's worth of talk as a pure state machine: it is told what happened
// (On...) and asked what to do (TakeOutput, deadline, done). It has no socket, no clock and no
// thread, so it can be played from a transcript, a byte at a time, or by a fuzzer. The split law:
// however the bytes are cut into OnBytes calls, outputs and result are the same.
//
// A PortSurvey is all the talk with one (host, port): it hands out one Probe after another (the
// next SSH key type, the legacy TLS pass) until nothing is left to ask, then gives the observation.
//
// The life of one port, as the engine drives it:
//
//   survey->Next() -> probe          connect; on failure survey->OnConnectFailed(outcome)
//     probe->OnConnected(now)
//     loop: send probe->TakeOutput(); wait until probe->deadline();
//           probe->OnBytes / OnEof / OnReset / OnDeadline
//     until probe->done()            remaining output is sent, the peer is left to close;
//                                    probe->OnAfterword for what it still says
//   survey->OnProbeDone(probe, now)
//   ... survey->Next() again after survey->PauseBeforeNext(), or nullptr
//   survey->Finish()
//
// Threads: none; an object is used by one thread at a time.

#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "worker/probe/observation.h"

namespace hark {

class Probe {
 public:
  virtual ~Probe() = default;

  virtual void OnConnected(MonoTime now) = 0;
  virtual void OnBytes(std::string_view bytes, MonoTime now) = 0;
  virtual void OnEof(MonoTime now) = 0;       // the peer closed its side
  virtual void OnReset(MonoTime now) = 0;     // RST or an ICMP error after connect
  virtual void OnDeadline(MonoTime now) = 0;  // now >= deadline()
  // The peer has been waited for a while, and may be for long: memory that can be had again is
  // given back. May come at any time, any number of times; outputs and result are the same.
  virtual void OnQuiet() {}

  // Bytes to send since the last call.
  virtual std::string TakeOutput() = 0;
  // When OnDeadline is due; never in the past of the last `now` unless already due.
  virtual MonoTime deadline() const = 0;
  // Nothing more to learn: send what TakeOutput still holds, then close.
  virtual bool done() const = 0;
  // What the peer still said while it was left to close first, after done(). It may add to what was
  // learnt and changes nothing else; nothing is answered.
  virtual void OnAfterword(std::string_view /*bytes*/) {}
};

class PortSurvey {
 public:
  virtual ~PortSurvey() = default;

  // The next conversation, or nullptr when nothing is left to ask. The survey keeps ownership; the
  // pointer is valid until OnProbeDone.
  virtual Probe* Next() = 0;
  // The connection for the probe of the last Next() could not be made.
  virtual void OnConnectFailed(Outcome outcome, MonoTime now) = 0;
  // The probe of the last Next() is done().
  virtual void OnProbeDone(MonoTime now) = 0;
  // How long to leave the host alone before the connection for Next().
  virtual Duration PauseBeforeNext() const { return Duration(0); }
  // After Next() gave nullptr. Leaves the survey empty.
  virtual PortObservation Finish() = 0;
};

// How far a TLS handshake goes.
enum class Handshake : uint8_t {
  kFull = 0,         // to the end: the server proved that it holds the key
  kCertificate = 1,  // until the certificate is in hand: less CPU, Proof::kUnverified
};

// How a run wants hosts treated: the operator's knobs, common to all probes.
struct ProbeOptions {
  Duration greeting_timeout = std::chrono::seconds(30);
  Duration conversation_timeout = std::chrono::seconds(60);  // one connection, connect to close
  Duration step_timeout = std::chrono::seconds(10);          // silence after we said something
  Duration pause_min = std::chrono::seconds(2);              // between two connections to one sshd
  Duration pause_max = std::chrono::seconds(5);
  std::string contact;       // put into the SSH comment; printable ASCII without spaces, or ""
  std::string ehlo_name;     // FQDN or address literal for EHLO; never empty
  bool all_ssh_keys = true;  // one connection per key type, else only the first
  Handshake handshake = Handshake::kFull;
  bool all_leaves = false;        // look for a second leaf on every TLS port, not only where likely
  bool force_starttls = false;    // try STARTTLS once where it is not offered
  bool http_get = false;          // GET / on HTTPS ports, headers only
  std::string software = "hark";  // "hark/1.2.3", for User-Agent; printable ASCII without spaces
  uint64_t seed = 0;              // for pauses and padding
};

// Makes the surveys of a run. Owns what they share (options, the two TLS contexts) by reference
// count, so a survey may outlive its factory. One thread at a time, like the surveys it makes.
class SurveyFactory {
 public:
  explicit SurveyFactory(ProbeOptions options);
  ~SurveyFactory();

  // The survey for a port's protocol (base/outcome.h ProtocolOfPort); a port without one gets a
  // TLS survey from the first byte.
  std::unique_ptr<PortSurvey> Make(uint16_t port);
  // The same, told what is spoken on the port and, for the Host field of an HTTP question, to whom:
  // the target's address as text, without brackets; "" leaves the field empty.
  std::unique_ptr<PortSurvey> Make(uint16_t port, Protocol protocol, const std::string& host = "");

 private:
  std::shared_ptr<const struct SurveyShared> shared_;
  uint64_t made_ = 0;  // gives every survey pauses of its own
};

}  // namespace hark

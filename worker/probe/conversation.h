#pragma once

// What all our probes have in common: the three deadlines, the output buffer, and the one way to
// end. A protocol fills in Begin, Receive and (if it knows better) WhatEndMeans.
//
// deadline | runs from | meaning when it passes
// greeting | connect, until GreetingDone() | nothing heard: silent; otherwise too slow
// step     | the last Say()                | nothing heard since: silent; otherwise too slow
// whole    | connect                       | as the one that was running

#include <string>
#include <string_view>

#include "worker/probe/probe.h"

namespace hark {

// How one connection came out.
struct Verdict {
  Outcome outcome = Outcome::kOk;
  Stage stage = Stage::kGreeting;
  std::string detail;
  Duration duration{0};          // connect to end
  Duration first_byte_delay{0};  // connect to the first byte of the peer; 0 = none came
};

class Conversation : public Probe {
 public:
  void OnConnected(MonoTime now) final;
  void OnBytes(std::string_view bytes, MonoTime now) final;
  void OnEof(MonoTime now) final;
  void OnReset(MonoTime now) final;
  void OnDeadline(MonoTime now) final;
  std::string TakeOutput() final;
  MonoTime deadline() const final;
  bool done() const final { return done_; }

  // Meaningful once done().
  const Verdict& verdict() const { return verdict_; }

 protected:
  // `options` outlives the conversation.
  explicit Conversation(const ProbeOptions& options) : options_(options) {}

  virtual void Begin() = 0;
  // Takes the bytes; the base keeps none. Not called once done().
  virtual void Receive(std::string_view bytes) = 0;
  // Bytes of an unfinished line, packet or record are waiting for their rest.
  virtual bool HoldsPartOfSomething() const = 0;
  // A last word on an end the peer or a deadline brought (closed, reset, silent, too slow).
  virtual void WhatEndMeans(Verdict& verdict) const = 0;

  void Say(std::string_view bytes);
  // One whole line, packet or record was understood. Counts against silence.
  void Heard() { heard_ = true; }
  void GreetingDone() { greeting_done_ = true; }
  void Reach(Stage stage) { verdict_.stage = stage; }
  void End(Outcome outcome, std::string detail);

  const ProbeOptions& options() const { return options_; }
  Stage stage() const { return verdict_.stage; }

 private:
  void EndByPeer(Outcome outcome, MonoTime now);

  const ProbeOptions& options_;
  Verdict verdict_;
  std::string output_;
  MonoTime started_{};
  MonoTime now_{};
  MonoTime step_from_{};
  bool heard_ = false;
  bool heard_a_byte_ = false;
  bool greeting_done_ = false;
  bool done_ = false;
};

// The peer's words, bounded and escaped, in quotes.
std::string Quote(std::string_view bytes);
// A refusal that means "you come too often": sshd's MaxStartups and penalties, mail servers'
// limits.
bool SaysComeLater(std::string_view text);
bool ContainsIgnoreCase(std::string_view text, std::string_view upper_case_needle);

}  // namespace hark

#pragma once

// Plays surveys and probes against peers in memory, on a clock that stands still unless told.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "worker/probe/conversation.h"
#include "worker/probe/probe.h"
#include "worker/probe/testing/cuts.h"

namespace hark {

// The other end of one connection: answers bytes with bytes.
class FakePeer {
 public:
  virtual ~FakePeer() = default;
  virtual std::string OnConnect() { return {}; }
  virtual std::string OnBytes(std::string_view bytes) = 0;
  // It hangs up once its last answer is read.
  virtual bool hangs_up() const { return false; }
};

ProbeOptions TestOptions();

// A whole survey; `dial` gives the peer of each connection, nullptr refuses it. A peer that has no
// more to say is waited for until the deadline.
PortObservation Play(PortSurvey& survey, const std::function<std::unique_ptr<FakePeer>()>& dial,
                     const Cuts& cuts = {});

// One probe that hears these bytes and then EOF. Everything it said.
std::string Hear(Probe& probe, std::string_view bytes, const Cuts& cuts);

// Everything an observation says, as text: equal texts are equal observations but for durations.
std::string Describe(const PortObservation& observation);
std::string Describe(const SshFacts& facts);
std::string Describe(const TlsFacts& facts);
// The flags and the count, in words; the texts are shown apart.
std::string Describe(const MailFacts& facts);
std::string Describe(const Verdict& verdict);

}  // namespace hark

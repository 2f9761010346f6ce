#pragma once

// One SSH connection, up to the host key: identification, KEXINIT, one plain key exchange, its
// signature checked, goodbye (RFC 4253). No session, no encryption, nothing after the reply.
//
//  state          | on                    | say                     | next
//  identification | (connected)           | identification          | identification
//  identification | pre-line              |                         | identification
//  identification | SSH-2.0, SSH-1.99     | KEXINIT                 | kex init
//  identification | other, binary         |                         | done: not-this-protocol
//  kex init       | KEXINIT, common       | method's first message  | exchange
//  kex init       | KEXINIT, none common  | DISCONNECT 3            | done: no-common-algorithm
//  exchange       | wrong guess           |                         | exchange
//  exchange       | GEX GROUP             | GEX INIT                | exchange
//  exchange       | reply                 | DISCONNECT 11           | done: ok
//  kex init, exchange | IGNORE, DEBUG, EXT_INFO, NEWKEYS |          | the same
//  kex init, exchange | DISCONNECT        |                         | done: closed or throttled
//  any            | malformed             | DISCONNECT 2            | done: protocol-error
//  identification | EOF, reset, no byte yet |                       | done: throttled
//  identification | EOF after "come later" |                        | done: throttled

#include <memory>
#include <string>
#include <string_view>

#include "worker/probe/conversation.h"
#include "worker/probe/ssh_exchange.h"
#include "worker/probe/ssh_greeting.h"
#include "worker/probe/ssh_wire.h"

namespace hark {

class SshProbe final : public Conversation {
 public:
  // Asks for the host-key algorithms of this name-list. `options` outlives the probe.
  SshProbe(const ProbeOptions& options, std::string host_key_algorithms);

  // What was learnt, whatever the verdict: valid once done(). At most one key. Leaves it empty.
  SshFacts TakeFacts();
  // The server identified itself as SSH.
  bool spoke_ssh() const { return !facts_.identification.empty(); }

 protected:
  void Begin() override;
  void Receive(std::string_view bytes) override;
  bool HoldsPartOfSomething() const override;
  void WhatEndMeans(Verdict& verdict) const override;

 private:
  enum class State { kIdentification, kKexInit, kExchange };

  void ReadGreeting(std::string_view& bytes);
  void OnIdentification();
  void ReadPackets();
  void OnPacket(std::string_view payload);
  void OnKexInit(std::string_view payload);
  void OnExchangeMessage(std::string_view payload);
  void OnReply(ssh::Reply reply, const std::string& broken);
  void OnDisconnect(std::string_view payload);
  void OnIdlePacket();

  // Sends DISCONNECT with this reason, then ends.
  void Leave(uint32_t reason, Outcome outcome, std::string detail);

  State state_ = State::kIdentification;
  const std::string host_key_algorithms_;
  SshGreeting greeting_;
  std::string in_;       // packets not yet whole
  size_t received_ = 0;  // all bytes taken in
  size_t idle_packets_ = 0;
  bool wrong_guess_follows_ = false;
  ssh::Transcript transcript_;
  std::unique_ptr<ssh::Exchange> exchange_;
  SshFacts facts_;
};

}  // namespace hark

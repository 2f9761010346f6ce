#include "worker/probe/ssh_probe.h"

#include <openssl/rand.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "keys/openssl_ptr.h"
#include "worker/probe/limits.h"
#include "worker/probe/ssh_algorithms.h"
#include "worker/probe/ssh_signature.h"

namespace hark {
namespace {

// Never another product's name: whoever reads their logs must be able to find us.
std::string OurIdentification(const ProbeOptions& options) {
  const std::string software = "SSH-2.0-hark_" HARK_VERSION;
  return options.contact.empty() ? software : software + " " + options.contact;
}

std::string Cookie() {
  std::string cookie(16, '\0');
  RAND_bytes(AsUnsigned(cookie.data()), static_cast<int>(cookie.size()));
  return cookie;
}

// RFC 4253 §7: a guess is right if both first choices agree.
bool GuessedRight(const SshKexInit& theirs, std::string_view our_host_key_algorithms) {
  return FirstName(theirs.kex_algorithms) == FirstName(kSshKexMethods) &&
         FirstName(theirs.server_host_key_algorithms) == FirstName(our_host_key_algorithms);
}

}  // namespace

SshProbe::SshProbe(const ProbeOptions& options, std::string host_key_algorithms)
    : Conversation(options), host_key_algorithms_(std::move(host_key_algorithms)) {}

SshFacts SshProbe::TakeFacts() {
  facts_.pre_lines = std::move(greeting_.pre_lines());
  return std::move(facts_);
}

void SshProbe::Begin() {
  Reach(Stage::kGreeting);
  // Both sides may speak at once (RFC 4253 §4.2); saying who we are first saves a round trip.
  transcript_.client_identification = OurIdentification(options());
  Say(transcript_.client_identification + "\r\n");
}

void SshProbe::Receive(std::string_view bytes) {
  const size_t room = kMaxSshBytes - received_;
  const bool too_many = bytes.size() > room;
  bytes = bytes.substr(0, room);
  received_ += bytes.size();
  if (state_ == State::kIdentification) ReadGreeting(bytes);
  if (!done() && state_ != State::kIdentification) {
    in_ += bytes;
    ReadPackets();
  }
  if (too_many && !done()) {
    Leave(ssh::kReasonProtocolError, Outcome::kTooLong, "too many bytes before the host key");
  }
}

void SshProbe::ReadGreeting(std::string_view& bytes) {
  bytes.remove_prefix(greeting_.Feed(bytes));
  switch (greeting_.state()) {
    case SshGreeting::State::kReading:
      break;
    case SshGreeting::State::kIdentified:
      OnIdentification();
      break;
    case SshGreeting::State::kOldVersion:
      facts_.identification = greeting_.line();
      End(Outcome::kNoCommonAlgorithm, "speaks only " + Quote(greeting_.line()));
      break;
    case SshGreeting::State::kNotSsh:
      End(Outcome::kNotThisProtocol, "greets with " + Quote(greeting_.Text()));
      break;
    case SshGreeting::State::kTooLong:
      End(Outcome::kTooLong, "greeting beyond our limits");
      break;
  }
}

void SshProbe::OnIdentification() {
  facts_.identification = greeting_.line();
  transcript_.server_identification = greeting_.line();
  transcript_.client_kex_init = ssh::KexInitPayload(host_key_algorithms_, Cookie());
  state_ = State::kKexInit;
  GreetingDone();
  Reach(Stage::kHello);
  Say(ssh::Packet(transcript_.client_kex_init));
}

void SshProbe::ReadPackets() {
  size_t at = 0;
  while (!done()) {
    const ssh::FramedPacket packet = ssh::ReadPacket(std::string_view(in_).substr(at));
    if (packet.framing == ssh::Framing::kNeedMore) break;
    if (packet.framing != ssh::Framing::kPacket) {
      const bool too_long = packet.framing == ssh::Framing::kTooLong;
      Leave(ssh::kReasonProtocolError, too_long ? Outcome::kTooLong : Outcome::kProtocolError,
            too_long ? "packet beyond our limit" : "malformed packet");
      break;
    }
    at += packet.size;
    Heard();
    OnPacket(packet.payload);
  }
  in_.erase(0, at);
}

void SshProbe::OnPacket(std::string_view payload) {
  const uint8_t type = static_cast<uint8_t>(payload.front());
  if (type == ssh::kDisconnect) {
    OnDisconnect(payload);
  } else if (type == ssh::kIgnore || type == ssh::kDebug || type == ssh::kExtInfo ||
             type == ssh::kNewKeys) {
    OnIdlePacket();
  } else if (type == ssh::kKexInit && state_ == State::kKexInit) {
    OnKexInit(payload);
  } else if (type >= ssh::kKexFirst && type <= ssh::kKexLast && state_ == State::kExchange) {
    OnExchangeMessage(payload);
  } else {
    Leave(ssh::kReasonProtocolError, Outcome::kProtocolError,
          StrCat("message ", int{type}, " out of turn"));
  }
}

void SshProbe::OnIdlePacket() {
  if (++idle_packets_ > kMaxSshIdlePackets) {
    Leave(ssh::kReasonProtocolError, Outcome::kTooLong, "too many packets that say nothing");
  }
}

void SshProbe::OnDisconnect(std::string_view payload) {
  const ssh::DisconnectMessage message = ssh::ReadDisconnect(payload);
  Outcome outcome = Outcome::kClosed;
  if (message.reason == ssh::kReasonTooManyConnections || SaysComeLater(message.description)) {
    outcome = Outcome::kThrottled;
  } else if (message.reason == ssh::kReasonKeyExchangeFailed) {
    outcome = Outcome::kNoCommonAlgorithm;
  }
  End(outcome, StrCat("disconnect ", message.reason, " ", Quote(message.description)));
}

void SshProbe::OnKexInit(std::string_view payload) {
  facts_.kex_init = ssh::ReadKexInit(payload);
  if (!facts_.kex_init) {
    Leave(ssh::kReasonProtocolError, Outcome::kProtocolError, "malformed KEXINIT");
    return;
  }
  const SshKexInit& theirs = *facts_.kex_init;
  facts_.agreed = AgreeSsh(host_key_algorithms_, theirs);
  const SshAgreed& agreed = *facts_.agreed;
  if (agreed.kex.empty() || agreed.host_key.empty()) {
    Leave(ssh::kReasonKeyExchangeFailed, Outcome::kNoCommonAlgorithm,
          agreed.kex.empty() ? "no common key-exchange method" : "no common host-key algorithm");
    return;
  }
  facts_.kex_algorithm = agreed.kex;
  transcript_.server_kex_init = payload;
  wrong_guess_follows_ =
      theirs.first_kex_packet_follows && !GuessedRight(theirs, host_key_algorithms_);
  exchange_ = ssh::Exchange::New(agreed.kex);
  if (!exchange_) {
    Leave(ssh::kReasonByApplication, Outcome::kLocalError, "no key pair for the key exchange");
    return;
  }
  state_ = State::kExchange;
  Reach(Stage::kKeyExchange);
  Say(ssh::Packet(exchange_->Start()));
}

void SshProbe::OnExchangeMessage(std::string_view payload) {
  if (wrong_guess_follows_) {
    wrong_guess_follows_ = false;
    return;
  }
  ssh::ExchangeStep step = exchange_->On(payload, transcript_);
  if (step.reply) {
    OnReply(std::move(*step.reply), step.broken);
  } else if (!step.broken.empty()) {
    Leave(ssh::kReasonProtocolError, Outcome::kProtocolError, step.broken);
  } else {
    Say(ssh::Packet(step.say));
  }
}

void SshProbe::OnReply(ssh::Reply reply, const std::string& broken) {
  Reach(Stage::kCertificate);
  SshHostKey key;
  key.algorithm = facts_.agreed->host_key;
  key.blob = std::move(reply.host_key);
  ssh::CheckedSignature checked =
      ssh::CheckSignature(key.blob, reply.signature, reply.exchange_hash);
  key.proof = checked.proof;
  key.signature_algorithm = std::move(checked.algorithm);
  key.signature_r = std::move(checked.r);
  const bool bad = key.proof == Proof::kBad;
  facts_.keys.push_back(std::move(key));
  if (!broken.empty()) {
    Leave(ssh::kReasonProtocolError, Outcome::kProtocolError, broken);
  } else {
    Leave(ssh::kReasonByApplication, Outcome::kOk, bad ? "signature does not verify" : "");
  }
}

void SshProbe::Leave(uint32_t reason, Outcome outcome, std::string detail) {
  Say(ssh::Packet(ssh::DisconnectPayload(reason, "")));
  End(outcome, std::move(detail));
}

bool SshProbe::HoldsPartOfSomething() const {
  return !in_.empty() || (state_ == State::kIdentification && !greeting_.empty());
}

void SshProbe::WhatEndMeans(Verdict& verdict) const {
  if (state_ != State::kIdentification) return;
  const bool hung_up = verdict.outcome == Outcome::kClosed || verdict.outcome == Outcome::kReset;
  if (greeting_.empty()) {
    // Accepted, then dropped without a word: sshd at MaxStartups and its penalties do this, and so
    // do the rate limits in front of it. Nothing else has a reason to.
    if (!hung_up) return;
    verdict.detail = StrCat(OutcomeName(verdict.outcome), " before a word was said");
    verdict.outcome = Outcome::kThrottled;
    return;
  }
  const std::string text = greeting_.Text();
  verdict.detail = "said only " + Quote(text);
  if (SaysComeLater(text)) {
    verdict.outcome = Outcome::kThrottled;
  } else if (verdict.outcome == Outcome::kClosed && !greeting_.line().starts_with("SSH-")) {
    verdict.outcome = Outcome::kNotThisProtocol;
  }
}

}  // namespace hark

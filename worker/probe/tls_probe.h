#pragma once

// One TLS connection, from the first byte or behind a mail dialogue.
//
//  state    | on                        | say            | next
//  plain    | line                      | dialogue's     | plain
//  plain    | the dialogue's go-ahead   | ClientHello    | tls
//  plain    | the dialogue's end        | its goodbye    | done: its outcome
//  plain    | line, talk beyond limits  |                | done: too-long
//  tls      | plaintext after a go-ahead|                | tls (counted, dropped)
//  tls      | records                   | OpenSSL's      | tls
//  tls      | handshake complete        | close_notify   | done: ok
//  tls      | alert, fault, not TLS     | OpenSSL's alert| done: as it says

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "worker/probe/conversation.h"
#include "worker/probe/mail_talk.h"
#include "worker/probe/tls_engine.h"

namespace hark {

class TlsProbe final : public Conversation {
 public:
  // `dialogue` is nullptr for TLS from the first byte. `options` and `contexts` outlive the probe.
  TlsProbe(const ProbeOptions& options, const TlsContexts& contexts, TlsPass pass,
           std::unique_ptr<MailDialogue> dialogue);

  // What was learnt, whatever the verdict: valid once done().
  TlsFacts& facts() { return engine_.facts(); }
  // The mail server's, and what it said after it; no facts where it did not come so far.
  std::string& greeting() { return talk_.greeting(); }
  std::optional<MailFacts> TakeMailFacts();
  // A ClientHello was sent.
  bool reached_tls() const { return in_tls_; }
  // It failed in a way that an older offer may mend.
  bool wants_legacy() const;

 protected:
  void Begin() override;
  void Receive(std::string_view bytes) override;
  bool HoldsPartOfSomething() const override;
  void WhatEndMeans(Verdict& verdict) const override;

 private:
  void ReadLines(std::string_view& bytes);
  void Follow(DialogueStep step);
  void StartTls();
  void ReadTls(std::string_view bytes);
  void FollowEngine();

  const TlsContexts& contexts_;
  const TlsPass pass_;
  MailTalk talk_;
  TlsEngine engine_;
  bool in_tls_ = false;
  size_t smuggled_ = 0;  // between go-ahead and TLS
};

}  // namespace hark

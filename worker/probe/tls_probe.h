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
//  tls      | complete, to ask for /    | GET            | http
//  http     | the whole head of an answer, its end, a deadline | close_notify | done: ok
//  tls      | alert, fault, not TLS     | OpenSSL's alert| done: as it says

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "worker/probe/conversation.h"
#include "worker/probe/http_head.h"
#include "worker/probe/mail_talk.h"
#include "worker/probe/tls_engine.h"
#include "worker/probe/tls_raw_hello.h"

namespace hark {

// What one connection is to ask for.
struct TlsWish {
  TlsWish(TlsPass wanted) : pass(wanted) {}  // NOLINT: a pass alone is a wish

  TlsPass pass;
  LeafFamily family = LeafFamily::kAny;
  bool web = false;      // offer http/1.1 by ALPN
  std::string http_get;  // the whole request to send once the handshake is complete, "" = none
  std::string goodbye;   // what ends the mail session once it is, "" = none
};

class TlsProbe final : public Conversation {
 public:
  void OnAfterword(std::string_view bytes) override { engine_.FeedAfterword(bytes); }
  // `dialogue` is nullptr for TLS from the first byte. `options` and `contexts` outlive the probe.
  TlsProbe(const ProbeOptions& options, const TlsContexts& contexts, TlsWish wish,
           std::unique_ptr<MailDialogue> dialogue);

  void OnQuiet() override { tls_->Rest(); }

  // What was learnt, whatever the verdict: valid once done().
  TlsFacts& facts() { return engine_.facts(); }
  // The mail server's, and what it said after it; no facts where it did not come so far.
  std::string& greeting() { return mail_.greeting(); }
  std::optional<MailFacts> TakeMailFacts();
  // A ClientHello was sent.
  bool reached_tls() const { return in_tls_; }
  // The answer to http_get, if any of it came. The handshake's verdict stands whatever became of
  // the question; the detail tells.
  std::optional<HttpFacts> TakeHttp();
  // It failed in a way that an older offer may mend.
  bool wants_older() const;

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
  void AskHttp();
  void ReadHttp();
  void EndTls(std::string detail);

  const TlsWish wish_;
  MailTalk mail_;
  const std::unique_ptr<TlsTalk> tls_;
  TlsTalk& engine_ = *tls_;
  TlsEngine* open_ = nullptr;     // the same, where it can carry a question
  std::optional<HttpHead> head_;  // from the question on
  bool in_tls_ = false;
  size_t smuggled_ = 0;  // between go-ahead and TLS
};

}  // namespace hark

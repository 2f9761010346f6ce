#pragma once

// A TLS server on memory BIOs, with words in plain before it where the protocol has them.

#include <string>
#include <vector>

#include "worker/probe/testing/play.h"
#include "worker/probe/tls_context.h"

namespace hark {

// What a fake TLS server shows; may be shared by many.
class FakeTlsIdentity {
 public:
  // `algorithm` "EC" or "RSA"; `chain` certificates, all alike but for their serial. Versions as
  // TLS1_VERSION … TLS1_3_VERSION, 0 for no bound.
  FakeTlsIdentity(const std::string& algorithm, size_t chain, int lowest = 0, int highest = 0);

  // A second leaf beside the first, of another algorithm, without a chain.
  void AddLeaf(const std::string& algorithm);
  // Staples an OCSP response and SCTs (no real ones) and answers ALPN with http/1.1.
  void ShowEverything();
  const std::string& other_leaf_der() const { return other_leaf_der_; }

  SSL_CTX* context() const { return context_.get(); }
  const std::vector<std::string>& chain_der() const { return chain_der_; }

 private:
  SslCtxPtr context_;
  std::vector<std::string> chain_der_;
  std::string other_leaf_der_;
};

// Says `greeting`, then answers what it hears with the next of `replies`; from the reply after
// which the list is empty on, TLS. No replies and no greeting: TLS from the first byte.
class FakeTlsServer final : public FakePeer {
 public:
  FakeTlsServer(const FakeTlsIdentity& identity, std::string greeting = "",
                std::vector<std::string> replies = {});

  std::string OnConnect() override { return greeting_; }
  std::string OnBytes(std::string_view bytes) override;

  // What it answers to the first thing said in TLS, in records of at most `piece` bytes; then it
  // closes its side if `closes`.
  void AnswerWith(std::string answer, size_t piece, bool closes);
  // What was said in TLS.
  const std::string& question() const { return question_; }

  // The client ended with close_notify.
  bool saw_close_notify() const;

 private:
  void Listen();

  SslPtr ssl_;
  BIO* in_;   // owned by ssl_
  BIO* out_;  // owned by ssl_
  std::string greeting_;
  std::vector<std::string> replies_;
  size_t said_ = 0;
  std::string question_;
  std::string answer_;
  size_t piece_ = 0;
  bool closes_ = false;
};

}  // namespace hark

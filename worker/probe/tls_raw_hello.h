#pragma once

// The third way to a certificate: a ClientHello written by hand and an answer read in clear. No
// OpenSSL and no cryptography, so it reaches servers that speak nothing OpenSSL still has: SSLv3,
// RC4, single DES, export suites. It proves nothing (Proof::kUnverified).
//
// The hello offers TLS 1.2 in a record of SSLv3 with every suite that has a certificate, weak ones
// last, so that a server picks its best; and the few extensions without which servers of ECC suites
// give up. Only null compression is offered; what a server chooses begins behind its certificate.
//
//  state       | on                        | do           | next
//  handshaking | record of alert           |              | handshaking, or alert if fatal
//  handshaking | ServerHello               |              | handshaking
//  handshaking | Certificate               | close_notify | done
//  handshaking | anything else of hellos   |              | handshaking
//  handshaking | bytes beyond the limits, ServerHelloDone | | broken, too long

#include <string>
#include <string_view>
#include <utility>

#include "worker/probe/tls_messages.h"
#include "worker/probe/tls_talk.h"

namespace hark {

class TlsRawHello final : public TlsTalk {
 public:
  TlsRawHello() { facts_.raw_pass = true; }

  void Start() override;
  void Feed(std::string_view bytes) override;
  std::string TakeOutput() override { return std::exchange(output_, {}); }
  Stage stage() const override { return state_ == State::kDone ? Stage::kDone : messages_.stage(); }

 private:
  // Whether a whole one was at the front of `in`, which then begins behind it.
  bool TakeRecord(std::string_view& in);
  void OnAlertRecord(std::string_view body);
  void OnHandshakeRecord(std::string_view body);
  bool TakeMessage(std::string_view& in);
  void OnMessage(uint8_t type, std::string_view body);
  void SayGoodbye();

  TlsMessages messages_{facts_};
  std::string output_;
  std::string records_;    // a record not whole yet
  std::string handshake_;  // a message not whole yet
  size_t empty_records_ = 0;
  size_t warnings_ = 0;
};

// The ClientHello as a record, with this random (32 bytes).
std::string RawClientHello(std::string_view random);

}  // namespace hark

#pragma once

// One TLS handshake as a client, on memory BIOs: bytes in, bytes out, and what was learnt even when
// it fails half-way. Facts come from OpenSSL's message callback, which shows every handshake
// message before it is judged, so a certificate that cannot be parsed is kept all the same.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "worker/probe/observation.h"
#include "worker/probe/tls_context.h"

namespace hark {

class TlsEngine {
 public:
  enum class State {
    kHandshaking,
    kDone,       // complete; our close_notify is in the output
    kNotTls,     // its first bytes are no TLS record
    kTooLong,    // beyond kMaxTlsBytes or kMaxTlsCertificateMessage
    kAlert,      // it sent a fatal alert: facts().alert
    kNoCommon,   // it chose a version or parameter we did not offer
    kBroken,     // it broke the protocol
    kLocalFault  // OpenSSL itself failed
  };

  explicit TlsEngine(TlsPass pass) { facts_.legacy_pass = pass == TlsPass::kLegacy; }
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  // The ClientHello is then in the output. `context` may be nullptr (kLocalFault).
  void Start(SSL_CTX* context);
  void Feed(std::string_view bytes);
  // Bytes to send since the last call.
  std::string TakeOutput();

  State state() const { return state_; }
  // For people, when the state is a failure.
  const std::string& detail() const { return detail_; }
  bool heard_anything() const { return received_ > 0; }
  // How far it came: kHello, kKeyExchange (ServerHello seen), kCertificate, kDone.
  Stage stage() const { return stage_; }
  TlsFacts& facts() { return facts_; }
  const TlsFacts& facts() const { return facts_; }

 private:
  static void OnMessage(int is_write, int version, int content_type, const void* bytes, size_t size,
                        SSL* ssl, void* self);
  bool LooksLikeTls(std::string_view bytes);
  void Advance();
  void Complete();
  void Fail();
  void ReadServerHello(std::string_view body);
  void ReadCertificates(std::string_view body);
  void RecordGroup();

  SslPtr ssl_;
  BIO* in_ = nullptr;   // owned by ssl_
  BIO* out_ = nullptr;  // owned by ssl_
  State state_ = State::kHandshaking;
  Stage stage_ = Stage::kHello;
  std::string detail_;
  size_t received_ = 0;
  TlsFacts facts_;
};

}  // namespace hark

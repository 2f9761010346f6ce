#pragma once

// What a probe sees of its TLS side, whoever does the talking: OpenSSL (tls_engine.h) or a hello of
// our own that needs no cryptography (tls_raw_hello.h). Bytes in, bytes out, facts at any time.

#include <string>
#include <string_view>

#include "worker/probe/observation.h"

namespace hark {

class TlsTalk {
 public:
  enum class State {
    kHandshaking,
    kOpen,       // complete, and kept open for a question (TlsEngine::Settings::stay_open)
    kDone,       // complete, or as far as was asked; our close_notify is in the output
    kNotTls,     // its first bytes are no TLS record
    kTooLong,    // beyond kMaxTlsBytes or kMaxTlsCertificateMessage
    kAlert,      // it sent a fatal alert: facts().alert
    kNoCommon,   // it chose a version or parameter we did not offer
    kBroken,     // it broke the protocol
    kLocalFault  // OpenSSL itself failed
  };

  TlsTalk() = default;
  TlsTalk(const TlsTalk&) = delete;
  TlsTalk& operator=(const TlsTalk&) = delete;
  virtual ~TlsTalk() = default;

  // The ClientHello is then in the output.
  virtual void Start() = 0;
  virtual void Feed(std::string_view bytes) = 0;
  // What still came behind kDone. Only facts may change.
  virtual void FeedAfterword(std::string_view /*bytes*/) {}
  // Bytes to send since the last call.
  virtual std::string TakeOutput() = 0;
  // Gives back what can be made again from less; see Probe::OnQuiet. The output was taken.
  virtual void Rest() {}
  // How far it came: kHello, kKeyExchange (ServerHello seen), kCertificate, kDone.
  virtual Stage stage() const = 0;

  State state() const { return state_; }
  // For people, when the state is a failure.
  const std::string& detail() const { return detail_; }
  bool heard_anything() const { return received_ > 0; }
  TlsFacts& facts() { return facts_; }
  const TlsFacts& facts() const { return facts_; }

 protected:
  // The part of `bytes` that kMaxTlsBytes leaves room for, counted; empty, and the state kNotTls,
  // if the first two bytes of all are not those of a record.
  std::string_view Admit(std::string_view bytes);
  void Fail(State state, std::string detail) {
    state_ = state;
    detail_ = std::move(detail);
  }

  State state_ = State::kHandshaking;
  std::string detail_;
  size_t received_ = 0;
  TlsFacts facts_;

 private:
  bool LooksLikeTls(std::string_view bytes) const;
};

}  // namespace hark

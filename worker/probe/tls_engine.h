#pragma once

// One TLS handshake as a client, by OpenSSL on memory BIOs. Facts come from its message callback,
// which shows every handshake message before it is judged, so a certificate that cannot be parsed
// is kept all the same.
//
//  state       | on                          | do              | next
//  handshaking | records                     | OpenSSL's       | handshaking
//  handshaking | the Certificate, if to stop | close_notify    | done, proof unverified
//  handshaking | complete                    | close_notify    | done, proof verified
//  handshaking | complete, if to stay open   |                 | open
//  open        | records                     | TakeData        | open
//  open        | Close                       | close_notify    | done
//  any         | alert, fault, too much      | OpenSSL's alert | as it says

#include <memory>
#include <string>
#include <string_view>

#include "worker/probe/tls_context.h"
#include "worker/probe/tls_messages.h"
#include "worker/probe/tls_talk.h"

namespace hark {

class TlsEngine final : public TlsTalk {
 public:
  struct Settings {
    SSL_CTX* context = nullptr;  // nullptr: kLocalFault
    bool legacy = false;
    bool stop_at_certificate = false;
    bool offer_http = false;  // http/1.1 by ALPN
    bool stay_open = false;   // kOpen instead of kDone once complete
    std::string goodbye;      // said inside before close_notify; not where it stops or stays open
  };

  explicit TlsEngine(const Settings& settings);

  void Start() override;
  void Feed(std::string_view bytes) override;
  // In TLS 1.3 the tickets come when the handshake is over for us.
  void FeedAfterword(std::string_view bytes) override;
  std::string TakeOutput() override;
  Stage stage() const override;

  // In kOpen: says `text` to the other end.
  void Say(std::string_view text);
  // In kOpen: the next piece of what it said, "" if there is none yet or no more (then kDone or a
  // failure). Not more than one record.
  std::string TakeData();
  // From kOpen to kDone.
  void Close();

 private:
  static void OnMessage(int is_write, int version, int content_type, const void* bytes, size_t size,
                        SSL* ssl, void* self);
  bool NewSsl();
  void Advance();
  void Complete();
  void StopAtCertificate();
  void TakeFault();

  const Settings settings_;
  TlsMessages messages_{facts_};
  SslPtr ssl_;
  BIO* in_ = nullptr;    // owned by ssl_
  BIO* out_ = nullptr;   // owned by ssl_
  std::string pending_;  // a record not whole yet
  std::string goodbye_;
  bool complete_ = false;
};

}  // namespace hark

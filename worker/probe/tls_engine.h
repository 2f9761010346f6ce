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
//
// A connection that waits can rest: OpenSSL's part of it, 45 KiB and with parsed certificates more,
// is given up and made anew, from its seed (repeatable_random.h) and all it has heard, by the next
// whole record. Nobody can tell but by the CPU.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "worker/probe/repeatable_random.h"
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
  void Rest() override;
  bool resting() const { return resting_; }
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
  bool Draw(uint32_t step);
  bool Wake();
  bool RepeatHandshake();
  bool RepeatTalk();
  bool Give(std::string_view records);
  bool Write(std::string_view text);
  void Advance(uint32_t step);
  void Complete();
  void StopAtCertificate();
  void TakeFault();

  const Settings settings_;
  TlsMessages messages_{facts_};
  SslPtr ssl_;
  BIO* in_ = nullptr;   // owned by ssl_
  BIO* out_ = nullptr;  // owned by ssl_
  RepeatableRandom random_;
  std::string heard_;  // all of it
  size_t given_ = 0;   // whole records at its front that OpenSSL has been given
  uint32_t rests_ = 0;
  std::vector<std::string> said_;  // in kOpen
  bool resting_ = false;
  bool making_up_ = false;  // OpenSSL is told what we have heard before
  std::string goodbye_;
  bool complete_ = false;
};

}  // namespace hark

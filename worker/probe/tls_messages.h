#pragma once

// The facts in a server's alerts and handshake messages, read from their bytes (RFC 5246 §7.4, RFC
// 8446 §4) and put down before anybody judges them: what a handshake showed is kept when it fails.
//
// message             | facts
// ServerHello         | version, suite, extensions, JA3S, group (1.3), ALPN, ticket, SCTs, EMS,
// reneg. EncryptedExtensions | ALPN Certificate         | chain; stapled OCSP and SCTs of the leaf
// (1.3) CertificateStatus   | stapled OCSP (1.2) ServerKeyExchange   | group, signature scheme
// (1.2) CertificateVerify   | signature scheme (1.3) NewSessionTicket    | ticket

#include <cstdint>
#include <string_view>

#include "worker/probe/observation.h"

namespace hark {

class TlsMessages {
 public:
  // `facts` outlives this.
  explicit TlsMessages(TlsFacts& facts) : facts_(facts) {}

  void OnAlert(uint8_t level, uint8_t code);
  // `body` without the four bytes of type and length.
  void OnHandshake(uint8_t type, std::string_view body);

  // kHello, kKeyExchange after a ServerHello, kCertificate after a Certificate.
  Stage stage() const { return stage_; }

 private:
  bool tls13() const;
  void OnServerHello(std::string_view body);
  void OnExtension(uint16_t type, std::string_view body);
  void OnEncryptedExtensions(std::string_view body);
  void OnCertificate(std::string_view body);
  void OnLeafExtensions(std::string_view extensions);
  void OnKeyExchange(std::string_view body);

  TlsFacts& facts_;
  Stage stage_ = Stage::kHello;
};

}  // namespace hark

#pragma once

// One service of a host: protocol, keys, manners and everything else a scenario file can say on a
// port line. A plain value; docs/lab.md explains every field and behaviour.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/outcome.h"
#include "base/time.h"

namespace hark::lab {

enum class KeyType : uint8_t {
  kEd25519,
  kEcdsaP256,
  kEcdsaP384,
  kEcdsaP521,
  kRsa1024,
  kRsa2048,
  kRsa4096,
  kDsa1024,
  kSkEd25519,  // SSH only: sk-ssh-ed25519@openssh.com
};
inline constexpr int kKeyTypeCount = 9;
std::string_view KeyTypeName(KeyType type);  // "ecdsa-p256", as in scenario files
std::optional<KeyType> ParseKeyType(std::string_view name);

// What a service does with whoever connects; docs/lab.md has the table per protocol.
enum class Behaviour : uint8_t {
  kNormal,
  kRefuse,            // RST to the SYN, as an address without the service
  kSilent,            // the SYN is dropped
  kAcceptThenSilent,  // handshake, then nothing
  kCloseAfterAccept,  // FIN at once
  kResetAfterAccept,  // RST at once
  kGarbage,           // bytes of no protocol, then FIN
  kTarpit,            // one byte every `pace`, never a whole answer
  kThrottled,         // says "not now" in the protocol's words, then FIN
  kNoStartTls,        // mail: does not offer TLS
  kStartTlsRefused,   // mail: offers TLS, declines it
  kCloseInHello,      // FIN as answer to the client's TLS hello or SSH KEXINIT
  kTlsAlert,          // handshake_failure as answer to the client's TLS hello
  kBadSignature,      // SSH: the signature over the exchange is wrong
  kPenalty,           // SSH: the per-source penalties of OpenSSH 9.8
  kMaxStartups,       // SSH: no more than `startups` clients at a time
  kTarpitLines,       // SSH, mail: whole greeting lines for ever, one every `pace`
  kTarpitHello,       // the KEXINIT or ServerHello comes one byte every `pace`
  kSlow,              // every reply comes after `delay`
  kGreetDelay,        // mail: the greeting comes after `delay`; early talkers are thrown out
  kTeaser,            // SMTP: the same, with the first line of the greeting at once
  kSmuggle,           // mail: clear text after the go-ahead to TLS
  kEhloRefused,       // SMTP: EHLO is not known, HELO is
  kCapaRefused,       // POP3, IMAP: will not list what it can do
  kHeaderBomb,        // HTTPS: one header line of a megabyte
  kEndlessHeaders,    // HTTPS: header lines for ever
  kRedirect,          // HTTPS: 301 to another name
};
inline constexpr int kBehaviourCount = 27;
std::string_view BehaviourName(Behaviour behaviour);  // "accept-then-silent"
std::optional<Behaviour> ParseBehaviour(std::string_view name);
// Whether a service of the protocol can behave like that.
bool BehaviourFits(Behaviour behaviour, Protocol protocol);

// TLS versions by their number on the wire.
inline constexpr uint16_t kSsl30 = 0x0300;
inline constexpr uint16_t kTls10 = 0x0301;
inline constexpr uint16_t kTls13 = 0x0304;
std::string TlsVersionName(uint16_t version);  // "TLSv1.0", "SSLv3", as in the truth

// TLS spoken by hand because no OpenSSL of today does: a ServerHello and a certificate in clear,
// then nothing.
enum class RawTls : uint8_t { kNo, kSsl3, kRc4 };
// What a raw server does with a hello that is too new for it.
enum class RawDecline : uint8_t {
  kAnswer,  // none is: it answers with its own version, as the protocol wants
  kAlert,   // handshake_failure
  kClose,   // FIN
};
enum class CertificateDates : uint8_t { kNormal, kExpired, kYear9999 };

struct Service {
  uint16_t port = 0;
  Protocol protocol = Protocol::kUnknown;
  Behaviour behaviour = Behaviour::kNormal;
  // Names. TLS has at most two, of two kinds (RSA, ECDSA or Ed25519), SSH one per host-key type.
  std::vector<std::string> keys;
  std::string banner;  // greeting text or SSH software; "" is the protocol's default
  Duration pace = std::chrono::seconds(1);   // of tarpits
  Duration delay = std::chrono::seconds(5);  // of slow, greet-delay and teaser

  // SSH
  std::string ssh_version = "2.0";  // or "1.99"
  std::string prelude;              // sent before the identification
  // Name lists of KEXINIT; "" is what the lab can do. Names it cannot do may be offered: choosing
  // one ends in DISCONNECT.
  std::string kex, host_keys, ciphers, macs, compression;
  std::string ca;             // key name: every key is there as a host certificate signed by it too
  uint32_t unknown_keys = 0;  // how many host keys of invented types are offered as well
  // Penalties for leaving without a login or exceeding the time for it, in seconds of penalty; they
  // bite above `threshold` and never exceed `most`.
  Duration noauth = std::chrono::seconds(1);
  Duration overtime = std::chrono::seconds(10);
  Duration threshold = std::chrono::seconds(15);
  Duration most = std::chrono::seconds(600);
  Duration login_grace = std::chrono::seconds(120);
  uint32_t startups = 1;     // clients at a time, with max-startups
  bool old_refusal = false;  // "Exceeded MaxStartups", as from 2019 to 2024

  // TLS
  uint16_t tls_min = kTls10;
  uint16_t tls_max = kTls13;
  RawTls raw = RawTls::kNo;
  RawDecline decline = RawDecline::kAnswer;
  std::string was;     // the TLS version history gives this host when we do not serve it: "SSLv3"
  uint32_t chain = 0;  // certificates sent behind the leaf
  uint32_t sans = 1;   // names in the leaf
  CertificateDates dates = CertificateDates::kNormal;
  bool ocsp = false, sct = false, alpn = false, tickets = false;

  bool operator==(const Service&) const = default;
};

// Whether the kernel completes connections to the service.
bool Accepts(const Service& service);
// Whether a well-behaved client learns the service's keys.
bool ShowsKeys(const Service& service);
// Mail that begins in clear; TLS from the first byte.
bool IsMailWithStartTls(Protocol protocol);
bool StartsInTls(Protocol protocol);

}  // namespace hark::lab

#pragma once

// What the lab pretends to be: a country of hosts, each with its services, keys and manners. A
// Scenario is a plain value: generators make one, a text file holds one (schema: docs/lab.md), the
// servers and the truth are both read off it. Keys are known by name; the same name is the same
// key, wherever it is used.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/outcome.h"
#include "base/range_set.h"
#include "base/status.h"

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
};
inline constexpr int kKeyTypeCount = 8;
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
  kTarpit,            // one byte a second, never a whole answer
  kThrottled,         // says "not now" in the protocol's words, then FIN
  kNoStartTls,        // mail: does not offer TLS
  kStartTlsRefused,   // mail: offers TLS, declines it
  kCloseInHello,      // FIN as answer to the client's TLS hello or SSH KEXINIT
  kTlsAlert,          // handshake_failure as answer to the client's TLS hello
  kBadSignature,      // SSH: the signature over the exchange is wrong
};
inline constexpr int kBehaviourCount = 14;
std::string_view BehaviourName(Behaviour behaviour);  // "accept-then-silent"
std::optional<Behaviour> ParseBehaviour(std::string_view name);

// TLS versions by their number on the wire.
inline constexpr uint16_t kTls10 = 0x0301;
inline constexpr uint16_t kTls13 = 0x0304;
std::string TlsVersionName(uint16_t version);  // "TLSv1.0", as in the truth

struct Service {
  uint16_t port = 0;
  Protocol protocol = Protocol::kUnknown;
  Behaviour behaviour = Behaviour::kNormal;
  std::vector<std::string> keys;  // names; TLS has at most one, SSH one per host-key type
  uint16_t tls_min = kTls10;
  uint16_t tls_max = kTls13;
  std::string ssh_version = "2.0";  // or "1.99"
  std::string banner;               // greeting text or SSH software; "" is the protocol's default
  std::string was;  // the TLS version history gives this host when we cannot serve it: "SSLv3"

  bool operator==(const Service&) const = default;
};

// Whether the kernel completes connections to the service.
bool Accepts(const Service& service);
// Whether a well-behaved client learns the service's keys.
bool ShowsKeys(const Service& service);

struct Host {
  uint32_t address = 0;  // host byte order
  uint32_t asn = 0;
  std::string country;
  std::vector<Service> services;

  bool operator==(const Host&) const = default;
};

struct Prefix {
  Range range;  // a CIDR block
  uint32_t asn = 0;
  std::string country;
  bool target = true;  // part of targets.txt

  bool operator==(const Prefix&) const = default;
};

struct Scenario {
  std::string run;      // e.g. "NA-20180430"
  std::string country;  // two capitals
  std::vector<Prefix> prefixes;
  std::vector<Host> hosts;
  std::map<std::string, KeyType> key_types;  // every key used, after Complete()

  bool operator==(const Scenario&) const = default;
};

// Network behind asn/country of an address: the most specific prefix, nullptr if none.
const Prefix* LongestPrefix(const Scenario& scenario, uint32_t address);
// Every address a scan of the scenario is to visit.
RangeSet Targets(const Scenario& scenario);
// "127.16.0.0/14" of a range that is a block.
std::string CidrText(const Range& range);

// Gives every key a type: those without one are ecdsa-p256 if TLS uses them, else ed25519. A
// scenario without prefixes gets one /32 per host.
void Complete(Scenario& scenario);

// Text to scenario, completed. A mistake is "FILE:LINE: what" (kInvalidInput).
Result<Scenario> ParseScenario(std::string_view text, std::string_view file_name);
// The inverse: ParseScenario(FormatScenario(s)) == s.
std::string FormatScenario(const Scenario& scenario);

}  // namespace hark::lab

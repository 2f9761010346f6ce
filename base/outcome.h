#pragma once

// The closed vocabulary of what a peer can do, where in the conversation it did it, and how sure
// we are that it holds a key. Values are stored and sent: add at the end, never renumber.

#include <cstdint>
#include <string_view>

namespace hark {

// What one conversation (or all conversations with one port) came to.
enum class Outcome : uint8_t {
  kOk = 0,                  // everything asked for was learnt
  kRefused = 1,             // RST to our SYN
  kSilent = 2,              // no answer before the deadline
  kReset = 3,               // RST later on
  kClosed = 4,              // orderly end before we were done
  kUnreachable = 5,         // ICMP unreachable or no route
  kNotThisProtocol = 6,     // it answered, in something else
  kTooLong = 7,             // a line, packet or list beyond our limits
  kTooSlow = 8,             // it talks, but not in time (tarpit)
  kProtocolError = 9,       // the right protocol, broken
  kTlsAlert = 10,           // fatal alert, code in the observation
  kStartTlsRefused = 11,    // not offered, or offered and declined
  kThrottled = 12,          // it says we come too often
  kNoCommonAlgorithm = 13,  // nothing both sides can do
  kLocalError = 14,         // our own side failed: no verdict on the peer
};
inline constexpr int kOutcomeCount = 15;

// How far the conversation had come.
enum class Stage : uint8_t {
  kConnect = 0,
  kGreeting = 1,
  kStartTls = 2,
  kHello = 3,  // TLS hello or SSH KEXINIT
  kKeyExchange = 4,
  kCertificate = 5,  // certificate or host key
  kHttp = 6,
  kDone = 7,
};
inline constexpr int kStageCount = 8;

// What is spoken on a port.
enum class Protocol : uint8_t {
  kUnknown = 0,
  kSsh = 1,
  kSmtp = 2,   // TLS through STARTTLS
  kPop3 = 3,   // TLS through STLS
  kImap = 4,   // TLS through STARTTLS
  kHttps = 5,  // TLS from the first byte
  kImaps = 6,
  kPop3s = 7,
  kSmtps = 8,
};
inline constexpr int kProtocolCount = 9;

// Whether the peer showed that it holds the private key.
enum class Proof : uint8_t {
  kUnverified = 0,  // the key was only shown
  kVerified = 1,    // its signature over this exchange is right
  kBad = 2,         // its signature is wrong
};
inline constexpr int kProofCount = 3;

// Stable lower-case names used in JSON and tables, e.g. "not-this-protocol". Values outside the
// enum (from a newer file) give "unknown".
std::string_view OutcomeName(Outcome outcome);
std::string_view StageName(Stage stage);
std::string_view ProtocolName(Protocol protocol);
std::string_view ProofName(Proof proof);

// The protocol hark speaks on a well-known port (22 25 110 143 443 465 587 993 995), else kUnknown.
Protocol ProtocolOfPort(uint16_t port);

}  // namespace hark

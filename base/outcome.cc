#include "base/outcome.h"

namespace hark {

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kSilent:
      return "silent";
    case Outcome::kReset:
      return "reset";
    case Outcome::kClosed:
      return "closed";
    case Outcome::kUnreachable:
      return "unreachable";
    case Outcome::kNotThisProtocol:
      return "not-this-protocol";
    case Outcome::kTooLong:
      return "too-long";
    case Outcome::kTooSlow:
      return "too-slow";
    case Outcome::kProtocolError:
      return "protocol-error";
    case Outcome::kTlsAlert:
      return "tls-alert";
    case Outcome::kStartTlsRefused:
      return "starttls-refused";
    case Outcome::kThrottled:
      return "throttled";
    case Outcome::kNoCommonAlgorithm:
      return "no-common-algorithm";
    case Outcome::kLocalError:
      return "local-error";
  }
  return "unknown";
}

std::string_view StageName(Stage stage) {
  switch (stage) {
    case Stage::kConnect:
      return "connect";
    case Stage::kGreeting:
      return "greeting";
    case Stage::kStartTls:
      return "starttls";
    case Stage::kHello:
      return "hello";
    case Stage::kKeyExchange:
      return "key-exchange";
    case Stage::kCertificate:
      return "certificate";
    case Stage::kHttp:
      return "http";
    case Stage::kDone:
      return "done";
  }
  return "unknown";
}

std::string_view ProtocolName(Protocol protocol) {
  switch (protocol) {
    case Protocol::kUnknown:
      return "unknown";
    case Protocol::kSsh:
      return "ssh";
    case Protocol::kSmtp:
      return "smtp";
    case Protocol::kPop3:
      return "pop3";
    case Protocol::kImap:
      return "imap";
    case Protocol::kHttps:
      return "https";
    case Protocol::kImaps:
      return "imaps";
    case Protocol::kPop3s:
      return "pop3s";
    case Protocol::kSmtps:
      return "smtps";
  }
  return "unknown";
}

std::string_view ProofName(Proof proof) {
  switch (proof) {
    case Proof::kUnverified:
      return "unverified";
    case Proof::kVerified:
      return "verified";
    case Proof::kBad:
      return "bad";
  }
  return "unknown";
}

Protocol ProtocolOfPort(uint16_t port) {
  switch (port) {
    case 22:
      return Protocol::kSsh;
    case 25:
    case 587:
      return Protocol::kSmtp;
    case 110:
      return Protocol::kPop3;
    case 143:
      return Protocol::kImap;
    case 443:
      return Protocol::kHttps;
    case 465:
      return Protocol::kSmtps;
    case 993:
      return Protocol::kImaps;
    case 995:
      return Protocol::kPop3s;
    default:
      return Protocol::kUnknown;
  }
}

}  // namespace hark

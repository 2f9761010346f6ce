#include "exchange/zgrab_ports.h"

#include <algorithm>

#include "base/strings.h"
#include "exchange/zgrab_tls.h"

namespace hark {
namespace {

// As a worker has them (worker/probe/limits.h).
constexpr size_t kMostGreeting = size_t{4} * 1024;
constexpr size_t kMostCapabilities = size_t{8} * 1024;
constexpr size_t kMostReply = 1024;
constexpr size_t kMostHttpHead = size_t{16} * 1024;
constexpr size_t kMostDetail = 160;
constexpr size_t kMostText = size_t{1} << 20;

std::string Cut(std::string_view text, size_t most) {
  return std::string(text.substr(0, most));
}

bool Contains(std::string_view text, std::string_view word) {
  return text.find(word) != text.npos;
}

bool HasKey(const ImportedPort& port) {
  return !port.key_ids.empty() || port.observation.ssh().keys_size() > 0 ||
         port.observation.tls().chain_size() > 0;
}

bool HasHello(const ImportedPort& port) {
  return port.observation.tls().version() != 0 || port.observation.ssh().has_kex_init();
}

bool HasGreeting(const ImportedPort& port) {
  return !port.observation.greeting().empty() || !port.observation.ssh().identification().empty();
}

bool IsMail(Protocol protocol) {
  return protocol == Protocol::kSmtp || protocol == Protocol::kPop3 || protocol == Protocol::kImap;
}

// Where a conversation stood that learnt this much and no more.
Stage StageAfter(Protocol protocol, const ImportedPort& port) {
  if (HasKey(port)) return Stage::kDone;
  if (HasHello(port)) return Stage::kKeyExchange;
  if (!port.observation.mail().starttls_reply().empty()) return Stage::kHello;
  if (HasGreeting(port)) return IsMail(protocol) ? Stage::kStartTls : Stage::kHello;
  const bool hello_first = !IsMail(protocol) && protocol != Protocol::kSsh;
  return hello_first ? Stage::kHello : Stage::kGreeting;
}

// The error of a connection that never was, in the words of Go's net package.
std::optional<Outcome> ConnectOutcome(const GrabEnd& end) {
  if (Contains(end.error, "connection refused")) return Outcome::kRefused;
  if (Contains(end.error, "unreachable") || Contains(end.error, "no route to host")) {
    return Outcome::kUnreachable;
  }
  const bool dialled = Contains(end.error, "dial ");
  if (end.status == "connection-refused") return Outcome::kRefused;
  if (end.status == "connection-timeout" || dialled) return Outcome::kSilent;
  return std::nullopt;
}

Outcome OutcomeAfterConnect(const GrabEnd& end, const ImportedPort& port) {
  if (port.observation.tls().alert() != 0) return Outcome::kTlsAlert;
  if (Contains(end.error, "connection reset")) return Outcome::kReset;
  if (end.status == "connection-closed" || end.error == "EOF" ||
      Contains(end.error, "unexpected EOF")) {
    return Outcome::kClosed;
  }
  if (end.status == "io-timeout" || Contains(end.error, "timeout")) return Outcome::kSilent;
  if (Contains(end.error, "remote error: tls:")) return Outcome::kTlsAlert;
  if (Contains(end.error, "no common algorithm")) return Outcome::kNoCommonAlgorithm;
  return HasGreeting(port) || HasHello(port) ? Outcome::kProtocolError : Outcome::kNotThisProtocol;
}

void Set(Outcome outcome, Stage stage, ImportedPort* port) {
  port->observation.set_outcome(static_cast<uint32_t>(outcome));
  port->observation.set_stage(static_cast<uint32_t>(stage));
}

// 220, 2.0.0 and so on; "+OK"; "a001 OK".
bool Agreed(std::string_view reply) {
  return reply.starts_with('2') || reply.starts_with("+OK") || Contains(reply, " OK");
}

std::string HeaderName(std::string_view key) {
  std::string name(key);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

// zgrab writes them by name, as lists; those it does not know are pairs under "unknown".
std::string HeadersOf(const Json& response) {
  const std::optional<Json> at = FindJson(response, {"headers"});
  simdjson::dom::object headers;
  std::string out;
  if (!at || at->get(headers) != simdjson::SUCCESS) return out;
  for (const auto& [key, value] : headers) {
    simdjson::dom::array values;
    if (value.get(values) != simdjson::SUCCESS) continue;
    for (const Json& element : values) {
      std::string_view text;
      if (element.get(text) == simdjson::SUCCESS) {
        out += StrCat(HeaderName(key), ": ", text, "\r\n");
      } else if (const auto name = JsonText(element, {"key"}); !name.empty()) {
        const std::optional<Json> inner = FindJson(element, {"value"});
        simdjson::dom::array texts;
        if (!inner || inner->get(texts) != simdjson::SUCCESS) continue;
        for (const Json& one : texts) {
          if (one.get(text) == simdjson::SUCCESS) {
            out += StrCat(HeaderName(name), ": ", text, "\r\n");
          }
        }
      }
      if (out.size() > kMostHttpHead) return out;
    }
  }
  return out;
}

void ReadHttpHead(const Json& response, proto::HttpFacts* http) {
  std::string_view version = JsonText(response, {"protocol", "name"}, 16);
  if (version.empty()) version = JsonText(response, {"protocol"}, 16);
  const std::string_view status = JsonText(response, {"status_line"}, kMostDetail);
  if (status.empty()) return;
  http->set_status_line(StrCat(version, version.empty() ? "" : " ", status));
  std::string headers = JsonBytes(response, {"headers_raw"}, kMostText);
  if (headers.empty()) headers = HeadersOf(response);
  http->set_truncated(headers.size() > kMostHttpHead);
  headers.resize(std::min(headers.size(), kMostHttpHead));
  http->set_headers(headers);
}

Json FirstResponse(const Json& result, const Json& response) {
  const std::optional<Json> chain = FindJson(result, {"redirect_response_chain"});
  simdjson::dom::array responses;
  Json first;
  if (!chain || chain->get(responses) != simdjson::SUCCESS) return response;
  return responses.at(0).get(first) == simdjson::SUCCESS ? first : response;
}

}  // namespace

void ReadZgrabTlsLog(const Json& log, ImportedPort* port) {
  const std::optional<Json> handshake = FindJson(log, {"handshake_log"});
  ReadZgrabTls(handshake.value_or(log), port);
  const std::string_view ja3s = JsonText(log, {"ja3s"}, 32);
  if (ja3s.size() == 32 && HexDecode(ja3s)) {
    port->observation.mutable_tls()->set_ja3s(AsciiLower(ja3s));
  }
}

void ReadZgrabMail(const Json& result, ImportedPort* port) {
  proto::PortObservation& seen = port->observation;
  seen.set_greeting(Cut(JsonText(result, {"banner"}, kMostText), kMostGreeting));
  const std::string_view ehlo = JsonText(result, {"ehlo"}, kMostText);
  const std::string_view helo = JsonText(result, {"helo"}, kMostText);
  const std::string_view reply = JsonText(result, {"starttls"}, kMostText);
  if (!ehlo.empty() || !helo.empty() || !reply.empty()) {
    proto::MailFacts& mail = *seen.mutable_mail();
    mail.set_capabilities(Cut(ehlo.empty() ? helo : ehlo, kMostCapabilities));
    mail.set_said_helo(ehlo.empty() && !helo.empty());
    mail.set_starttls_reply(Cut(reply, kMostReply));
    mail.set_starttls_offered(Contains(AsciiUpper(ehlo), "STARTTLS"));
  }
  if (const auto tls = FindJson(result, {"tls"}); tls && tls->is_object()) {
    ReadZgrabTlsLog(*tls, port);
  }
}

void ReadZgrabHttp(const Json& result, ImportedPort* port) {
  const std::optional<Json> told = FindJson(result, {"response"});
  if (!told) return;
  const Json response = FirstResponse(result, *told);
  if (const auto log = FindJson(response, {"request", "tls_log"}); log && log->is_object()) {
    ReadZgrabTlsLog(*log, port);
  } else if (const auto old = FindJson(response, {"request", "tls_handshake"})) {
    ReadZgrabTlsLog(*old, port);
  }
  proto::HttpFacts http;
  ReadHttpHead(response, &http);
  if (!http.status_line().empty()) *port->observation.mutable_http() = std::move(http);
}

void JudgeGrab(Protocol protocol, const GrabEnd& end, ImportedPort* port) {
  port->observation.set_protocol(static_cast<uint32_t>(protocol));
  const std::string_view quoted =
      end.error.empty() && end.status != "success" ? end.status : end.error;
  port->observation.set_detail(Cut(quoted, kMostDetail));
  if (HasKey(*port)) return Set(Outcome::kOk, Stage::kDone, port);
  if (end.status == "success") {
    const proto::MailFacts& mail = port->observation.mail();
    const bool declined = mail.starttls_reply().empty()
                              ? !mail.capabilities().empty() && !mail.starttls_offered()
                              : !Agreed(mail.starttls_reply());
    if (declined) return Set(Outcome::kStartTlsRefused, Stage::kStartTls, port);
    return Set(Outcome::kOk, Stage::kDone, port);
  }
  const bool spoke = ToldAnything(*port);
  if (!spoke) {
    if (const auto outcome = ConnectOutcome(end)) return Set(*outcome, Stage::kConnect, port);
    const bool nothing = end.error.empty() && end.status.empty();
    if (nothing || end.status == "unknown-error") {
      return Set(Outcome::kLocalError, Stage::kConnect, port);
    }
  }
  const std::string& reply = port->observation.mail().starttls_reply();
  if (IsMail(protocol) && !HasHello(*port) && !reply.empty() && !Agreed(reply)) {
    return Set(Outcome::kStartTlsRefused, Stage::kStartTls, port);
  }
  Set(OutcomeAfterConnect(end, *port), StageAfter(protocol, *port), port);
}

bool ToldAnything(const ImportedPort& port) {
  const proto::PortObservation& seen = port.observation;
  return HasKey(port) || HasHello(port) || HasGreeting(port) || seen.has_mail() ||
         !seen.http().status_line().empty() || seen.tls().alert() != 0 || !port.facts.empty();
}

void AddPort(ImportedPort port, std::vector<ImportedPort>* ports) {
  const auto same = std::find_if(ports->begin(), ports->end(), [&](const ImportedPort& known) {
    return known.observation.port() == port.observation.port();
  });
  if (same == ports->end()) {
    ports->push_back(std::move(port));
    return;
  }
  if (HasKey(port) && !HasKey(*same)) std::swap(*same, port);
  proto::PortObservation& to = same->observation;
  proto::PortObservation& from = port.observation;
  if (!to.has_ssh() && from.has_ssh()) to.mutable_ssh()->Swap(from.mutable_ssh());
  if (!to.has_tls() && from.has_tls()) to.mutable_tls()->Swap(from.mutable_tls());
  if (!to.has_mail() && from.has_mail()) to.mutable_mail()->Swap(from.mutable_mail());
  if (!to.has_http() && from.has_http()) to.mutable_http()->Swap(from.mutable_http());
  if (to.greeting().empty()) to.set_greeting(from.greeting());
  same->key_ids.insert(same->key_ids.end(), port.key_ids.begin(), port.key_ids.end());
  same->facts.insert(same->facts.end(), port.facts.begin(), port.facts.end());
}

}  // namespace hark

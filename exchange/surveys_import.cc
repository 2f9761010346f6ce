#include "exchange/surveys_import.h"

#include <algorithm>

#include "base/strings.h"
#include "exchange/foreign_moment.h"
#include "exchange/imported_key.h"
#include "exchange/json.h"
#include "exchange/zgrab2_record.h"
#include "exchange/zgrab_ports.h"
#include "exchange/zgrab_ssh.h"
#include "exchange/zgrab_tls.h"

namespace hark {
namespace {

constexpr size_t kMostPorts = 64;

// "p443" -> 443; 0 for any other name.
uint16_t PortOfTag(std::string_view tag) {
  if (!tag.starts_with('p')) return 0;
  const std::optional<uint64_t> port = ParseUint(tag.substr(1));
  return static_cast<uint16_t>(port && *port <= UINT16_MAX ? *port : 0);
}

// What is spoken on a port by its layout; by its number where the layout does not say.
Protocol UsualProtocol(uint16_t port) {
  return ProtocolOfPort(port);
}

// {"data": {"xssh" or "http" or "banner", "tls"}}
Protocol ReadLocal(const Json& data, uint16_t number, ImportedPort* port) {
  if (const auto ssh = FindJson(data, {"xssh"})) {
    ReadZgrabSsh(*ssh, port);
    return Protocol::kSsh;
  }
  if (const auto http = FindJson(data, {"http"})) {
    ReadZgrabHttp(*http, port);
    if (const auto tls = FindJson(data, {"tls"})) ReadZgrabTlsLog(*tls, port);
    return Protocol::kHttps;
  }
  ReadZgrabMail(data, port);
  return UsualProtocol(number);
}

void ReadStartTls(const Json& from, ImportedPort* port) {
  proto::PortObservation& seen = port->observation;
  seen.set_greeting(std::string(JsonText(from, {"banner"})));
  const std::string_view ehlo = JsonText(from, {"ehlo"});
  const std::string_view reply = JsonText(from, {"starttls"});
  if (!ehlo.empty()) seen.mutable_mail()->set_capabilities(std::string(ehlo));
  if (!reply.empty()) seen.mutable_mail()->set_starttls_reply(std::string(reply));
  if (const auto tls = FindJson(from, {"tls"})) ReadCensysTls(*tls, port);
}

// censys: {"smtp": {"starttls": ...}}, {"imaps": {"tls": ...}}, {"https": {"tls": ...}},
// {"ssh": {"v2": ...}}. Each protocol under its own name; nothing is looked up under another's.
std::optional<Protocol> ReadCensys(const Json& from, ImportedPort* port) {
  struct Row {
    std::string_view name, inner;
    Protocol protocol;
  };
  static constexpr Row kRows[] = {
      {"smtp", "starttls", Protocol::kSmtp}, {"pop3", "starttls", Protocol::kPop3},
      {"imap", "starttls", Protocol::kImap}, {"smtps", "tls", Protocol::kSmtps},
      {"pop3s", "tls", Protocol::kPop3s},    {"imaps", "tls", Protocol::kImaps},
  };
  for (const Row& row : kRows) {
    if (const auto inner = FindJson(from, {row.name, row.inner})) {
      ReadStartTls(*inner, port);
      return row.protocol;
    }
  }
  if (const auto tls = FindJson(from, {"https", "tls"})) {
    ReadCensysTls(*tls, port);
    return Protocol::kHttps;
  }
  if (const auto ssh = FindJson(from, {"ssh", "v2"})) {
    const std::string_view raw = JsonText(*ssh, {"banner", "raw"}, 512);
    port->observation.mutable_ssh()->set_identification(std::string(Trim(raw)));
    if (const auto key = FindJson(*ssh, {"server_host_key"})) ReadZgrabHostKey(*key, port);
    return Protocol::kSsh;
  }
  return std::nullopt;
}

class SurveysImporter : public LineImporter {
 public:
  explicit SurveysImporter(const ImportOptions& options) : options_(options) {}

  Status Line(std::string_view text, uint64_t number, ImportSink& sink) override {
    std::string why;
    const std::optional<Json> record = records_.Parse(text, &why);
    ImportedHost host;
    if (!record || !Read(*record, &host, &why)) return RejectRecord(sink, number, why, text);
    return sink.Add(std::move(host));
  }

 private:
  bool Read(const Json& record, ImportedHost* host, std::string* why) const {
    const std::optional<Address> address = Address::Parse(Trim(JsonText(record, {"ip"}, 64)));
    if (!address) return Say(why, "no ip, or one that is none");
    host->host = *address;
    host->unix_ms = ForeignMoment(JsonText(record, {"timestamp"}, 40));
    if (host->unix_ms == 0) host->unix_ms = ForeignMoment(JsonText(record, {"updated_at"}, 40));
    ReadPlace(record, host);
    simdjson::dom::object members;
    if (record.get(members) != simdjson::SUCCESS) return Say(why, "no JSON object");
    for (const auto& [tag, value] : members) {
      const uint16_t number = PortOfTag(tag);
      if (number != 0 && host->ports.size() < kMostPorts) ReadPort(number, value, host);
    }
    ReadPrints(record, host);
    if (host->ports.empty()) return Say(why, "no port");
    if (host->unix_ms == 0) host->unix_ms = options_.at_unix_ms;
    if (host->unix_ms == 0) return Say(why, "no timestamp; --at gives one");
    return true;
  }

  static bool Say(std::string* why, std::string_view what) {
    *why = what;
    return false;
  }

  static void ReadPlace(const Json& record, ImportedHost* host) {
    std::optional<uint64_t> asn = JsonNumber(record, {"autonomous_system", "asn"});
    if (!asn) asn = JsonNumber(record, {"asndec"});
    if (asn && *asn <= UINT32_MAX) host->asn = static_cast<uint32_t>(*asn);
    const std::string_view country = JsonText(record, {"location", "country_code"}, 2);
    if (country.size() == 2) host->country = AsciiUpper(country);
  }

  void ReadPort(uint16_t number, const Json& value, ImportedHost* host) const {
    ImportedPort port;
    port.observation.set_port(number);
    GrabEnd end;
    std::string_view text;
    Protocol protocol = UsualProtocol(number);
    if (value.get(text) == simdjson::SUCCESS) {
      end.error = text.substr(0, 4096);
    } else if (const auto data = FindJson(value, {"data"})) {
      end.error = JsonText(value, {"error"});
      const std::optional<Zgrab2Result> native = FindZgrab2Result(*data);
      if (native) {
        end = native->end;
        ReadZgrab2Result(*native, &port);
        protocol = ProtocolOfModule(native->module, number, port);
      } else {
        protocol = ReadLocal(*data, number, &port);
      }
    } else if (const auto told = ReadCensys(value, &port)) {
      protocol = *told;
    } else if (!value.is_object()) {
      return;
    }
    const int64_t at = ForeignMoment(JsonText(value, {"timestamp"}, 40));
    if (at != 0 && (host->unix_ms == 0 || at < host->unix_ms)) host->unix_ms = at;
    JudgeGrab(protocol, end, &port);
    AddPort(std::move(port), &host->ports);
  }

  // Fingerprints alone. That of port 22 is of a blob, the others' are of an SPKI: our key ids.
  static void ReadPrints(const Json& record, ImportedHost* host) {
    const std::optional<Json> at = FindJson(record, {"fprints"});
    simdjson::dom::object prints;
    if (!at || at->get(prints) != simdjson::SUCCESS) return;
    for (const auto& [tag, value] : prints) {
      const uint16_t number = PortOfTag(tag);
      const std::string print = JsonSha256(*at, {tag});
      if (number == 0 || print.empty() || host->ports.size() >= kMostPorts) continue;
      ImportedPort port;
      port.observation.set_port(number);
      port.key_ids.push_back(number == 22 ? ImportedSshKeyId(print) : print);
      JudgeGrab(UsualProtocol(number), {}, &port);
      AddPort(std::move(port), &host->ports);
    }
  }

  const ImportOptions options_;
  JsonRecords records_;
};

bool Has(const std::vector<std::string_view>& lines, std::string_view word) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](std::string_view line) { return line.find(word) != line.npos; });
}

// "p22": or "p25": and so on somewhere in the first lines.
bool HasPortTag(const std::vector<std::string_view>& lines) {
  static constexpr std::string_view kTags[] = {"\"p22\"",  "\"p25\"",  "\"p110\"", "\"p143\"",
                                               "\"p443\"", "\"p587\"", "\"p993\""};
  return std::any_of(std::begin(kTags), std::end(kTags),
                     [&](std::string_view tag) { return Has(lines, tag); });
}

}  // namespace

int GuessSurveys(const std::vector<std::string_view>& first_lines) {
  if (Has(first_lines, "FreshGrab.py") || Has(first_lines, "\"fprints\"")) return 95;
  return HasPortTag(first_lines) && Has(first_lines, "\"data\"") ? 90 : 0;
}

int GuessCensys(const std::vector<std::string_view>& first_lines) {
  const bool nested = Has(first_lines, "\"starttls\"") || Has(first_lines, "\"https\"") ||
                      Has(first_lines, "\"imaps\"") || Has(first_lines, "\"ssh\"");
  return HasPortTag(first_lines) && nested ? 85 : HasPortTag(first_lines) ? 50 : 0;
}

std::unique_ptr<LineImporter> MakeSurveysImporter(const ImportOptions& options) {
  return std::make_unique<SurveysImporter>(options);
}

}  // namespace hark

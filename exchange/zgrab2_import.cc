#include "exchange/zgrab2_import.h"

#include <algorithm>

#include "base/moment.h"
#include "base/strings.h"
#include "exchange/json.h"
#include "exchange/zgrab_ports.h"
#include "exchange/zgrab_ssh.h"

namespace hark {
namespace {

enum class Module { kSsh, kTls, kSmtp, kPop3, kImap, kHttp };

struct ModuleRow {
  std::string_view name;
  Module module;
  uint16_t port;  // where zgrab2 goes unless it is told otherwise
};
constexpr ModuleRow kModules[] = {
    {"ssh", Module::kSsh, 22},    {"tls", Module::kTls, 443},   {"smtp", Module::kSmtp, 25},
    {"pop3", Module::kPop3, 110}, {"imap", Module::kImap, 143}, {"http", Module::kHttp, 80},
};
// A host of more is no grab of a host.
constexpr size_t kMostModules = 256;

const ModuleRow* FindModule(std::string_view name) {
  for (const ModuleRow& row : kModules) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// Names that an operator gave: "ssh", "smtp587", "tls-993", "ssh_2222".
std::string_view WordOf(std::string_view name) {
  size_t n = 0;
  while (n < name.size() && AsciiLower(name[n]) >= 'a' && AsciiLower(name[n]) <= 'z') ++n;
  // pop3 ends in a digit of its own.
  if (name.substr(0, 4) == "pop3") n = 4;
  return name.substr(0, n);
}

uint16_t PortIn(std::string_view name) {
  size_t from = name.size();
  while (from > 0 && name[from - 1] >= '0' && name[from - 1] <= '9') --from;
  if (from < WordOf(name).size()) from = WordOf(name).size();
  const std::optional<uint64_t> port = ParseUint(name.substr(from));
  return static_cast<uint16_t>(port && *port <= UINT16_MAX ? *port : 0);
}

Protocol ProtocolOf(Module module, uint16_t port, const ImportedPort& seen) {
  const bool greeted_in_plain = seen.observation.has_mail();
  switch (module) {
    case Module::kSsh:
      return Protocol::kSsh;
    case Module::kSmtp:
      return port == 465 && !greeted_in_plain ? Protocol::kSmtps : Protocol::kSmtp;
    case Module::kPop3:
      return port == 995 ? Protocol::kPop3s : Protocol::kPop3;
    case Module::kImap:
      return port == 993 ? Protocol::kImaps : Protocol::kImap;
    case Module::kHttp:
      return seen.observation.has_tls() || port == 443 ? Protocol::kHttps : Protocol::kUnknown;
    case Module::kTls:
      break;
  }
  // TLS on a port where a dialogue comes first is still TLS from the first byte.
  const Protocol usual = ProtocolOfPort(port);
  const bool direct =
      usual == Protocol::kImaps || usual == Protocol::kPop3s || usual == Protocol::kSmtps;
  return direct ? usual : Protocol::kHttps;
}

class Zgrab2Importer : public LineImporter {
 public:
  explicit Zgrab2Importer(const ImportOptions& options) : options_(options) {}

  Status Line(std::string_view text, uint64_t number, ImportSink& sink) override {
    if (Trim(text).empty()) return Status::Ok();
    std::string why;
    const std::optional<Json> record = records_.Parse(text, &why);
    ImportedHost host;
    if (!record || !Read(*record, &host, &why)) return RejectRecord(sink, number, why, text);
    return sink.Add(std::move(host));
  }

 private:
  bool Read(const Json& record, ImportedHost* host, std::string* why) {
    const std::string_view ip = JsonText(record, {"ip"}, 64);
    const std::string_view domain = JsonText(record, {"domain"}, HostId::kMaxName);
    const std::optional<HostId> id = HostId::Parse(ip.empty() ? domain : ip);
    if (!id) return Say(why, ip.empty() && domain.empty() ? "no ip or domain" : "bad ip or domain");
    if (!ip.empty() && !id->is_address()) return Say(why, "ip is no address");
    host->host = *id;
    if (!ip.empty() && !domain.empty()) host->names.emplace_back(domain);
    const std::optional<Json> data = FindJson(record, {"data"});
    simdjson::dom::object modules;
    if (!data || data->get(modules) != simdjson::SUCCESS) return Say(why, "no data");
    if (modules.size() > kMostModules) return Say(why, "too many modules");
    const uint64_t port = JsonNumber(record, {"port"}).value_or(0);
    std::string fault = "no module that is known";
    for (const auto& [name, response] : modules) ReadModule(name, response, port, host, &fault);
    if (host->ports.empty()) return Say(why, fault);
    if (host->unix_ms == 0) host->unix_ms = options_.at_unix_ms;
    if (host->unix_ms == 0) return Say(why, "no timestamp; --at gives one");
    return true;
  }

  static bool Say(std::string* why, std::string_view what) {
    *why = what;
    return false;
  }

  uint16_t PortOf(const ModuleRow& row, std::string_view name, const Json& response,
                  uint64_t of_record, const ImportedPort& seen) const {
    for (const std::string_view key : {name, row.name}) {
      if (const auto told = options_.ports.find(std::string(key)); told != options_.ports.end()) {
        return told->second;
      }
    }
    for (const uint64_t port :
         {JsonNumber(response, {"port"}).value_or(0), of_record, uint64_t{PortIn(name)}}) {
      if (port > 0 && port <= UINT16_MAX) return static_cast<uint16_t>(port);
    }
    if (row.module == Module::kHttp && seen.observation.has_tls()) return 443;
    if (row.module == Module::kSmtp && JsonTrue(response, {"result", "implicit_tls"})) return 465;
    return row.port;
  }

  void ReadModule(std::string_view name, const Json& response, uint64_t port_of_record,
                  ImportedHost* host, std::string* fault) const {
    const ModuleRow* row = FindModule(JsonText(response, {"protocol"}, 16));
    if (row == nullptr) row = FindModule(WordOf(name));
    if (row == nullptr) return;
    const GrabEnd end{JsonText(response, {"status"}, 64), JsonText(response, {"error"})};
    if (end.status == "blocklisted-target" || end.status == "invalid-inputs") {
      *fault = "nobody was asked";
      return;
    }
    if (end.status.empty()) {
      *fault = "no status";
      return;
    }
    ImportedPort port;
    if (const auto result = FindJson(response, {"result"})) ReadResult(row->module, *result, &port);
    const uint16_t number = PortOf(*row, name, response, port_of_record, port);
    port.observation.set_port(number);
    JudgeGrab(ProtocolOf(row->module, number, port), end, &port);
    AddPort(std::move(port), &host->ports);
    const Result<int64_t> at = ParseMoment(JsonText(response, {"timestamp"}, 40));
    if (at.ok() && *at > 0 && (host->unix_ms == 0 || *at < host->unix_ms)) host->unix_ms = *at;
  }

  static void ReadResult(Module module, const Json& result, ImportedPort* port) {
    switch (module) {
      case Module::kSsh:
        return ReadZgrabSsh(result, port);
      case Module::kTls:
        return ReadZgrabTlsLog(result, port);
      case Module::kSmtp:
      case Module::kPop3:
      case Module::kImap:
        return ReadZgrabMail(result, port);
      case Module::kHttp:
        return ReadZgrabHttp(result, port);
    }
  }

  const ImportOptions options_;
  JsonRecords records_;
};

}  // namespace

int GuessZgrab2(const std::vector<std::string_view>& first_lines) {
  for (const std::string_view line : first_lines) {
    if (Trim(line).empty()) continue;
    const bool grab = line.starts_with('{') && line.find("\"data\"") != line.npos &&
                      line.find("\"status\"") != line.npos;
    return grab ? 80 : 0;
  }
  return 0;
}

std::unique_ptr<LineImporter> MakeZgrab2Importer(const ImportOptions& options) {
  return std::make_unique<Zgrab2Importer>(options);
}

}  // namespace hark

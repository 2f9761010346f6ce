#include "exchange/zgrab2_import.h"

#include "base/strings.h"
#include "exchange/foreign_moment.h"
#include "exchange/json.h"
#include "exchange/zgrab2_record.h"

namespace hark {
namespace {

// A host with more is no grab of a host.
constexpr size_t kMostModules = 256;

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
  static bool Say(std::string* why, std::string_view what) {
    *why = what;
    return false;
  }

  bool Read(const Json& record, ImportedHost* host, std::string* why) const {
    if (!ReadHost(record, host, why)) return false;
    const std::optional<Json> data = FindJson(record, {"data"});
    simdjson::dom::object modules;
    if (!data || data->get(modules) != simdjson::SUCCESS) return Say(why, "no data");
    if (modules.size() > kMostModules) return Say(why, "too many modules");
    const uint64_t port = JsonNumber(record, {"port"}).value_or(0);
    *why = "no module that is known";
    for (const auto& [key, response] : modules) ReadModule(key, response, port, host, why);
    if (host->ports.empty()) return false;
    if (host->unix_ms == 0) host->unix_ms = options_.at_unix_ms;
    return host->unix_ms != 0 || Say(why, "no timestamp; --at gives one");
  }

  // Of a name that was looked up the address counts, and the name is one of its names.
  static bool ReadHost(const Json& record, ImportedHost* host, std::string* why) {
    const std::string_view ip = JsonText(record, {"ip"}, 64);
    const std::string_view domain = JsonText(record, {"domain"}, HostId::kMaxName);
    if (ip.empty() && domain.empty()) return Say(why, "no ip or domain");
    const std::optional<Address> address = Address::Parse(ip);
    const std::optional<HostId> name = HostId::Parse(domain);
    if (!ip.empty() && !address) return Say(why, "ip is no address");
    if (!address && !name) return Say(why, "domain is no name");
    host->host = address ? HostId(*address) : *name;
    if (address && name && !name->is_address()) host->names.push_back(name->name());
    return true;
  }

  uint16_t PortOf(const Zgrab2Result& result, uint64_t of_record, const ImportedPort& seen) const {
    for (const std::string_view key : {result.key, result.word}) {
      const auto told = options_.ports.find(std::string(key));
      if (told != options_.ports.end()) return told->second;
    }
    for (const uint64_t port : {JsonNumber(result.response, {"port"}).value_or(0), of_record,
                                uint64_t{result.port_in_key}}) {
      if (port > 0 && port <= UINT16_MAX) return static_cast<uint16_t>(port);
    }
    if (result.module == Zgrab2Module::kHttp && seen.observation.has_tls()) return 443;
    const bool implicit = JsonTrue(result.response, {"result", "implicit_tls"});
    return result.module == Zgrab2Module::kSmtp && implicit ? 465 : result.usual_port;
  }

  void ReadModule(std::string_view key, const Json& response, uint64_t port_of_record,
                  ImportedHost* host, std::string* why) const {
    const std::optional<Zgrab2Result> result = OpenZgrab2Result(key, response);
    if (!result) return;
    const std::string_view status = result->end.status;
    if (status.empty()) return static_cast<void>(Say(why, "no status"));
    if (status == "blocklisted-target" || status == "invalid-inputs") {
      return static_cast<void>(Say(why, "nobody was asked"));
    }
    ImportedPort port;
    ReadZgrab2Result(*result, &port);
    const uint16_t number = PortOf(*result, port_of_record, port);
    port.observation.set_port(number);
    JudgeGrab(ProtocolOfModule(result->module, number, port), result->end, &port);
    AddPort(std::move(port), &host->ports);
    const int64_t at = ForeignMoment(JsonText(response, {"timestamp"}, 40));
    if (at != 0 && (host->unix_ms == 0 || at < host->unix_ms)) host->unix_ms = at;
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

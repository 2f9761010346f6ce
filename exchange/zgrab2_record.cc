#include "exchange/zgrab2_record.h"

#include <algorithm>

#include "base/strings.h"
#include "exchange/zgrab_ssh.h"

namespace hark {
namespace {

struct ModuleRow {
  std::string_view name;
  Zgrab2Module module;
  uint16_t port;
};
constexpr ModuleRow kModules[] = {
    {"ssh", Zgrab2Module::kSsh, 22},    {"tls", Zgrab2Module::kTls, 443},
    {"smtp", Zgrab2Module::kSmtp, 25},  {"pop3", Zgrab2Module::kPop3, 110},
    {"imap", Zgrab2Module::kImap, 143}, {"http", Zgrab2Module::kHttp, 80},
};
constexpr std::string_view kPop3 = "pop3";  // the one that ends in a digit of its own

const ModuleRow* FindModule(std::string_view name) {
  for (const ModuleRow& row : kModules) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// Names that operators give: "ssh", "smtp587", "tls-993", "ssh_2222".
std::string_view WordOf(std::string_view key) {
  if (key.starts_with(kPop3)) return kPop3;
  const auto end = std::find_if(key.begin(), key.end(),
                                [](char c) { return AsciiLower(c) < 'a' || AsciiLower(c) > 'z'; });
  return key.substr(0, static_cast<size_t>(end - key.begin()));
}

uint16_t PortIn(std::string_view key) {
  size_t from = key.size();
  while (from > WordOf(key).size() && key[from - 1] >= '0' && key[from - 1] <= '9') --from;
  const std::optional<uint64_t> port = ParseUint(key.substr(from));
  return static_cast<uint16_t>(port && *port <= UINT16_MAX ? *port : 0);
}

}  // namespace

std::optional<Zgrab2Result> OpenZgrab2Result(std::string_view key, const Json& response) {
  const ModuleRow* row = FindModule(JsonText(response, {"protocol"}, 16));
  if (row == nullptr) row = FindModule(WordOf(key));
  if (row == nullptr) return std::nullopt;
  Zgrab2Result result;
  result.module = row->module;
  result.word = row->name;
  result.usual_port = row->port;
  result.key = key;
  result.port_in_key = PortIn(key);
  result.response = response;
  result.end = {JsonText(response, {"status"}, 64), JsonText(response, {"error"})};
  return result;
}

std::optional<Zgrab2Result> FindZgrab2Result(const Json& data) {
  simdjson::dom::object modules;
  if (data.get(modules) != simdjson::SUCCESS) return std::nullopt;
  for (const auto& [key, response] : modules) {
    if (JsonText(response, {"status"}, 64).empty()) continue;
    if (auto result = OpenZgrab2Result(key, response)) return result;
  }
  return std::nullopt;
}

void ReadZgrab2Result(const Zgrab2Result& from, ImportedPort* port) {
  const std::optional<Json> result = FindJson(from.response, {"result"});
  if (!result) return;
  switch (from.module) {
    case Zgrab2Module::kSsh:
      return ReadZgrabSsh(*result, port);
    case Zgrab2Module::kTls:
      return ReadZgrabTlsLog(*result, port);
    case Zgrab2Module::kSmtp:
    case Zgrab2Module::kPop3:
    case Zgrab2Module::kImap:
      return ReadZgrabMail(*result, port);
    case Zgrab2Module::kHttp:
      return ReadZgrabHttp(*result, port);
  }
}

Protocol ProtocolOfModule(Zgrab2Module module, uint16_t port, const ImportedPort& seen) {
  const Protocol usual = ProtocolOfPort(port);
  const bool starts_in_plain = !seen.observation.mail().starttls_reply().empty();
  switch (module) {
    case Zgrab2Module::kSsh:
      return Protocol::kSsh;
    case Zgrab2Module::kSmtp:
      return usual == Protocol::kSmtps && !starts_in_plain ? usual : Protocol::kSmtp;
    case Zgrab2Module::kPop3:
      return usual == Protocol::kPop3s && !starts_in_plain ? usual : Protocol::kPop3;
    case Zgrab2Module::kImap:
      return usual == Protocol::kImaps && !starts_in_plain ? usual : Protocol::kImap;
    case Zgrab2Module::kHttp:
      return seen.observation.has_tls() || port == 443 ? Protocol::kHttps : Protocol::kUnknown;
    case Zgrab2Module::kTls:
      break;
  }
  // TLS where a dialogue usually comes first is TLS from the first byte all the same.
  const bool direct =
      usual == Protocol::kImaps || usual == Protocol::kPop3s || usual == Protocol::kSmtps;
  return direct ? usual : Protocol::kHttps;
}

}  // namespace hark

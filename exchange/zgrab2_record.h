#pragma once

// One module's answer in a record of zgrab2's.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/outcome.h"
#include "exchange/imported_host.h"
#include "exchange/json.h"
#include "exchange/zgrab_ports.h"

namespace hark {

enum class Zgrab2Module { kSsh, kTls, kSmtp, kPop3, kImap, kHttp };

struct Zgrab2Result {
  Zgrab2Module module = Zgrab2Module::kTls;
  std::string_view word;     // "ssh"
  uint16_t usual_port = 0;   // where the module goes unless it is told otherwise
  std::string_view key;      // as the operator called it: "tls", "smtp587"
  uint16_t port_in_key = 0;  // 587; 0 = none
  Json response;
  GrabEnd end;
};

// nullopt: no module that is known.
std::optional<Zgrab2Result> OpenZgrab2Result(std::string_view key, const Json& response);
// The first of {"ssh": {"status", ...}, ...} that is known.
std::optional<Zgrab2Result> FindZgrab2Result(const Json& data);
void ReadZgrab2Result(const Zgrab2Result& result, ImportedPort* port);
// seen: what was read.
Protocol ProtocolOfModule(Zgrab2Module module, uint16_t port, const ImportedPort& seen);

}  // namespace hark

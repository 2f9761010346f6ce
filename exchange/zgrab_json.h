#pragma once

// Observations in the shape of zgrab and zgrab2: the members that readers of such files look at.
// One host key an SSH port, as they have it: the first.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/address.h"
#include "proto/store.pb.h"
#include "storage/run_reader.h"

namespace hark {

// A zgrab2 line of a host: "data" has an object a port, under its module's name, which has the port
// behind it where it is not the module's own ("smtp587").
class Zgrab2Writer {
 public:
  explicit Zgrab2Writer(const RunReader& reader);
  ~Zgrab2Writer();

  void Begin(const Address& address, const proto::HostRow& row);
  Status Add(uint16_t port, const proto::PortRow& row);
  // The line; "" for a host without ports.
  std::string End();

 private:
  const RunReader& reader_;
  std::unique_ptr<nlohmann::ordered_json> line_;
  int64_t unix_ms_ = 0;
};

// {"server_id", "server_key_exchange", "algorithm_selection", "key_exchange"}.
nlohmann::ordered_json ZgrabSshJson(const proto::SshFacts& ssh);
// {"server_hello", "server_certificates"}: a handshake.
Result<nlohmann::ordered_json> ZgrabTlsJson(const RunReader& reader, const proto::TlsFacts& tls);
// A record as one line, whatever bytes it holds.
std::string ZgrabText(const nlohmann::ordered_json& record);

}  // namespace hark

#pragma once

// What zgrab, zgrab2 and censys of 2017 write of a TLS handshake, as an observation.

#include "exchange/imported_host.h"
#include "exchange/json.h"

namespace hark {

// {"server_hello", "server_certificates", "server_key_exchange", ...}
void ReadZgrabTls(const Json& handshake, ImportedPort* port);
// {"version", "cipher_suite", "certificate", "chain", ...}
void ReadCensysTls(const Json& tls, ImportedPort* port);

}  // namespace hark

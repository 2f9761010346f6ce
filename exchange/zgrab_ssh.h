#pragma once

// What zgrab and zgrab2 write of a conversation in SSH (the log of their handshake), as an
// observation. Both use the same names; censys of 2017 has the key alone.

#include <string>

#include "exchange/imported_host.h"
#include "exchange/json.h"

namespace hark {

void ReadZgrabSsh(const Json& handshake, ImportedPort* port);

// A key: {"raw", "fingerprint_sha256", "algorithm" or "key_algorithm", "rsa_public_key", ...}.
// Where the blob is missing it is put together from the numbers if the fingerprint agrees; else the
// fingerprint is all there is.
void ReadZgrabHostKey(const Json& key, ImportedPort* port);

}  // namespace hark

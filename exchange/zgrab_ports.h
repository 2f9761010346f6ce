#pragma once

// What the formats of zgrab's family have in common: results by protocol, how a grab ended, and
// putting what several modules say of one port together.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/outcome.h"
#include "exchange/imported_host.h"
#include "exchange/json.h"

namespace hark {

// How the source says that a grab ended. Both may be "".
struct GrabEnd {
  std::string_view status;  // zgrab2's ScanStatus
  std::string_view error;   // Go's words
};

// {"banner", "ehlo", "helo", "starttls", "tls"} of smtp, pop3 and imap. tls: a TLS log
// ({"handshake_log": ...}) or the handshake itself.
void ReadZgrabMail(const Json& result, ImportedPort* port);
// {"handshake_log", "ja3s"}, or the handshake itself.
void ReadZgrabTlsLog(const Json& log, ImportedPort* port);
// {"response": {"request": {"tls_log" or "tls_handshake"}, "status_line", "headers", ...}}. Of
// redirects followed only the first answer is this host's.
void ReadZgrabHttp(const Json& result, ImportedPort* port);

// Outcome and stage from what was learnt and how the grab ended. Last, when all else is read.
void JudgeGrab(Protocol protocol, const GrabEnd& end, ImportedPort* port);

// Adds a port; to one that is there already what it does not have yet.
void AddPort(ImportedPort port, std::vector<ImportedPort>* ports);

// Whether it says anything at all.
bool ToldAnything(const ImportedPort& port);

}  // namespace hark

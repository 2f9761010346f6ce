#pragma once

// zgrab2's output: one JSON object a line, {"ip", "domain", "data": {module: {"status", "protocol",
// "port", "result", "timestamp", "error"}}}. Modules ssh, tls, smtp, imap, pop3 and http are read;
// others are passed over.

#include <memory>
#include <string_view>
#include <vector>

#include "exchange/importer.h"

namespace hark {

int GuessZgrab2(const std::vector<std::string_view>& first_lines);
std::unique_ptr<LineImporter> MakeZgrab2Importer(const ImportOptions& options);

}  // namespace hark

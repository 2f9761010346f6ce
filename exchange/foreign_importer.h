#pragma once

// Formats that are read a line at a time into ForeignRecords, as importers.

#include <memory>
#include <string_view>
#include <vector>

#include "exchange/importer.h"

namespace hark {

std::unique_ptr<LineImporter> MakePassiveSshImporter(const ImportOptions& options);
int GuessPassiveSsh(const std::vector<std::string_view>& first_lines);

// Seen at options.at_unix_ms, else when the file was last changed.
std::unique_ptr<LineImporter> MakeKnownHostsImporter(const ImportOptions& options);
int GuessKnownHosts(const std::vector<std::string_view>& first_lines);

}  // namespace hark

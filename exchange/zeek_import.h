#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/importer.h"

namespace hark {

// ssh.log and ssl.log. For the latter the x509.log beside it, of the same rotation and packed or
// not, is read first. Entries of x509.log itself tell of no host.
std::unique_ptr<LineImporter> MakeZeekImporter(const ImportOptions& options);
int GuessZeek(const std::vector<std::string_view>& first_lines);

// "logs/ssl.12:00:00.log.gz" -> "logs/x509.12:00:00.log.gz"; "" if the name has no "ssl" in it.
std::string X509LogBeside(const std::string& path);

}  // namespace hark

#pragma once

// Formats of one key a line: each function gives what a port has to say, "" for nothing.
// docs/export.md says what is left out and how strangers' texts are kept from meaning anything.

#include <string>

#include "exchange/hash_memory.h"
#include "exchange/shown_port.h"

namespace hark {

// OpenSSH's known_hosts (sshd(8)): the SSH keys of the last visit. "[host]:port" off port 22.
std::string KnownHostsLines(const ShownPort& shown);

// SSHFP records (RFC 4255, numbers of RFC 6594, 7479 and 8709) with SHA-256, of port 22. The owner
// is the host's name, if the run knows one, else the name of its address in the reverse zone.
std::string SshfpLines(const ShownPort& shown);

// "host,port,..." of RFC 4180, lines ending in CR LF. A cell that a spreadsheet would take for a
// formula begins with an apostrophe.
std::string CsvHeading();
std::string CsvLines(const ShownPort& shown);

// Each RSA modulus once: hexadecimal, a blank, the key's id.
std::string ModuliLines(const ShownPort& shown, HashMemory& written);

// A cell of CsvLines.
std::string CsvCell(std::string_view text);

}  // namespace hark

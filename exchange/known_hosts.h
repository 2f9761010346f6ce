#pragma once

// Lines of known_hosts files (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT") and of ssh-keyscan's output,
// which is the same and, with its messages, has the servers' identifications in comments.

#include <cstdint>
#include <string_view>

#include "exchange/foreign_record.h"

namespace hark {

// Everything is seen at that second: the format has no times.
//
// A sighting for each name of the line. Hashed names stay as they are, on port 22: whether the hash
// covers a port it does not tell. Wildcards and negations name no host and are faults; so are the
// keys of authorities and revoked ones, which no host is said to show. "# 192.0.2.1:22 SSH-2.0-x",
// as ssh-keyscan prints it, is a sighting of a banner; other comments are nothing.
ForeignRecord ReadKnownHostsLine(std::string_view line, int64_t unix_s);

}  // namespace hark

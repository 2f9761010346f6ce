#pragma once

// hark-worker --selftest=HOST: does a mail server of the operator's hear us on port 25, and does it
// like the name we give? One connection, which says EHLO and QUIT (RFC 5321 §3.1–3.2) and sends no
// mail. The server is a stranger all the same: what it says is bounded and escaped.
//
//   line        | FAIL                          | WARN
//   outbound 25 | no connection within 5 s      |
//   greeting    | none within 10 s, or not 220  |
//   ehlo        | our name is not accepted      |
//   starttls    |                               | not offered
//
// What follows a FAIL is not tried and has no line. Blocks. Threads: any.

#include <string>
#include <vector>

#include "base/host_port.h"
#include "base/status.h"
#include "proto/wire.pb.h"
#include "worker/machine_facts.h"
#include "worker/worker_config.h"

namespace hark {

// ADDRESS, NAME, either with :PORT, [IPV6]:PORT; port 25 where none is named. A name is looked up:
// the operator named it. kInvalidInput otherwise.
Result<HostPort> FindSelfTestHost(const std::string& text, NameResolver& resolver);

// Each detail at most kMaxPreflightDetail bytes. ehlo_name: what runs would say.
std::vector<proto::Preflight> TestMail(const HostPort& to, const std::string& ehlo_name,
                                       const WorkerConfig& config);

}  // namespace hark

#pragma once

// Judges what a machine has (machine_facts.h) by what this worker is meant to do: one line for each
// thing, and how to mend what is wrong. Pure.
//
//   line         | FAIL                        | WARN
//   open files   | no room for 128 sockets     | less room than max_parallel
//   source ports |                             | fewer than max_parallel
//   conntrack    |                             | the table would fill
//   clock        |                             | not synchronised
//   outbound 25  |                             | check_25 was not reached
//   ipv4         |                             | neither route nor address
//   memory       |                             | less than max_parallel conversations need
//   spool        | no room for a few batches   | less room than spool_quota_mb
//   reverse DNS  |                             | our address is global, no name leads to it
//   contact      |                             | neither a URL nor a mail address
//   ehlo name    |                             | does not lead to our address
//   ipv6, raw sockets |                        | never: not every worker needs them

#include <string>

#include "proto/wire.pb.h"
#include "worker/machine_facts.h"
#include "worker/worker_config.h"

namespace hark {

// With all lines in `preflight`, each detail at most kMaxPreflightDetail bytes.
proto::Capabilities Judge(const MachineFacts& facts, const WorkerConfig& config);

inline constexpr size_t kMaxPreflightDetail = 200;

// "WARN open files: …"
std::string PreflightLine(const proto::Preflight& line);
// No line is FAIL.
bool IsFit(const proto::Capabilities& capabilities);

}  // namespace hark

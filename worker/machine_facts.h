#pragma once

// What a worker finds out about its machine before it offers to work: asked of the kernel, without
// a packet, but for the one connection the operator may have asked for (check_25) and, where our
// address is global, the DNS about it.

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "proto/wire.pb.h"
#include "worker/own_name.h"
#include "worker/worker_config.h"

namespace hark {

struct MachineFacts {
  proto::Capabilities::Check raw_sockets = proto::Capabilities::NOT_TESTED;
  proto::Capabilities::Check ipv4 = proto::Capabilities::NOT_TESTED;
  proto::Capabilities::Check ipv6 = proto::Capabilities::NOT_TESTED;
  proto::Capabilities::Check outbound_25 = proto::Capabilities::NOT_TESTED;
  proto::Capabilities::Check clock = proto::Capabilities::NOT_TESTED;
  uint64_t open_files = 0;                // the limit, raised as far as it goes
  uint64_t max_sockets = 0;               // what it leaves for conversations
  uint64_t source_ports = 0;              // the operator's range, else the kernel's
  std::optional<uint64_t> conntrack_max;  // nullopt: connections are not tracked here
  uint64_t memory_bytes = 0;  // of the control group where that has a limit; 0 = not known
  uint64_t disk_free_bytes = 0;
  Address own_address;       // that strangers see us come from, as far as we know
  std::string reverse_name;  // own_name.h ReverseName
  OwnName ehlo;
};

// May take 5 s when check_25 is configured, and longer for the DNS where our address is global.
// Makes state_dir.
MachineFacts FindMachineFacts(const WorkerConfig& config);

// Resident memory of this process, 0 if unknown.
uint64_t ResidentBytes();

}  // namespace hark

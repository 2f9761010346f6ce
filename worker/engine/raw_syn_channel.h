#pragma once

// Half-open knocking over raw sockets: see syn_channel.h for what it does, docs/discovery.md for
// the packets. Takes CAP_NET_RAW to open and nothing afterwards: DropRawPrivileges of
// worker/engine/raw_privileges.h, before any thread is started.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/status.h"
#include "worker/engine/syn_channel.h"

namespace hark {

struct SynOptions {
  std::optional<Address> source = std::nullopt;  // IPv4; nullopt: as each target's route says
  // At most kMaxHeldPorts, which are held for the channel's life. Both 0: 40 free ones outside
  // net.ipv4.ip_local_port_range.
  uint16_t first_port = 0;
  uint16_t last_port = 0;
  std::string interface = "";  // by which SYNs leave; "": as the routes say
  std::string key = "";        // SynCookies::kKeySize bytes of SecureBytes
};

// kInvalidInput, and in the message what mends it, when the operator can: no CAP_NET_RAW, not this
// machine's address, no such interface, ports that somebody has.
Result<std::unique_ptr<SynChannel>> OpenSynChannel(const SynOptions& options);

}  // namespace hark

#pragma once

// The clients that are compared: each grabs the same hosts and tells what that cost this process.
// What a client needs once (contexts, threads, tables) is paid for in a first grab outside the
// measurement. Hosts are `count` consecutive addresses from `first`, all on one port.

#include <cstdint>
#include <string>

#include "base/address.h"
#include "base/status.h"

namespace hark::bench {

struct Task {
  uint32_t first = 0;  // IPv4, host byte order
  uint64_t count = 1;
  uint16_t port = 0;
  bool ssh = true;
  // hark
  bool certificate_only = false;
  uint32_t in_flight = 100;
  // Whom the peers imitate, so that both do the same exchange.
  std::string ssh_kex;    // libssh: "curve25519-sha256"
  std::string ssh_keys;   // libssh: host-key algorithms, one connection for each
  std::string tls_suite;  // OpenSSL: by its OpenSSL name
  std::string tls_group;
  uint16_t tls_version = 0;

  Address Host(uint64_t index) const { return Address::V4(first + static_cast<uint32_t>(index)); }
};

struct Cost {
  uint64_t grabs = 0;  // hosts that gave all that was asked of them
  uint64_t keys = 0;
  double user_seconds = 0;
  double system_seconds = 0;
  double wall_seconds = 0;
  std::string exchange;  // of the last grab: "0x0304 0x1301 x25519", "curve25519-sha256"
};

// hark's engine and probes as a worker runs them, up to the encoded observation.
Result<Cost> GrabWithHark(const Task& task);
// libssh, one session after the other, as far as the verified host key.
Result<Cost> GrabWithLibssh(const Task& task);
// A bare loop of SSL_connect and close, without a word of goodbye.
Result<Cost> GrabWithOpenSsl(const Task& task);

}  // namespace hark::bench

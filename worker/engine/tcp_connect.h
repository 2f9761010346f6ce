#pragma once

// The start and the end of a non-blocking TCP connect(), with every errno given its meaning once.

#include <cstdint>

#include "base/address.h"
#include "base/outcome.h"
#include "base/unique_fd.h"
#include "worker/engine/source.h"

namespace hark {

enum class ConnectState : uint8_t {
  kConnected,
  kPending,    // wait until writable, then ask FinishConnect
  kFailed,     // the peer or the network: outcome says how
  kNoRoom,     // our side is short of ports, descriptors or memory: try again later
  kForbidden,  // our side may not (firewall, broadcast address): trying again will not help
};

struct ConnectAttempt {
  ConnectState state = ConnectState::kPending;
  Outcome outcome = Outcome::kOk;  // kFailed: kRefused, kSilent, kUnreachable or kReset
  int error_number = 0;
  UniqueFd fd;  // kConnected and kPending
};

// What a failed connect's errno means.
ConnectAttempt ConnectFailure(int error_number);

ConnectAttempt StartConnect(const Address& address, uint16_t port, SourceBinder& source);

// For a pending socket that became writable or broken: kConnected (fd stays with the caller),
// kPending when it was a false alarm, or a failure.
ConnectAttempt FinishConnect(int fd);

// close() ends it with an RST, and nothing is sent again: for hosts we must not talk to any more.
void ResetOnClose(int fd);

}  // namespace hark

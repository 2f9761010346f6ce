#pragma once

#include <cstdint>

#include "base/outcome.h"

namespace hark {

// Whether keys shown on a port are SSH host keys. The tables take every other port's for TLS keys.
inline bool IsSshPort(uint16_t port) {
  return ProtocolOfPort(port) == Protocol::kSsh;
}

}  // namespace hark

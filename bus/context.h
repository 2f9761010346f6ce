#pragma once

#include <memory>

namespace hark {

// The process's one ZeroMQ context, made by the first socket and gone with the last. Shared because
// libsodium's random state is the process's: contexts ending beside each other race on it in
// libzmq 4.3.4. Never fork after the first use (the I/O threads stay behind); fork+exec is fine.
std::shared_ptr<void> SharedZmqContext();

}  // namespace hark

#pragma once

// How many sockets the limit of open files leaves room for.

#include <cstddef>

#include "base/status.h"

namespace hark {

// Raises the soft limit to the hard one (at most 1,048,576) and takes off what the bus, the spool,
// logs and `threads` engines need. Fails when what is left is not worth starting for.
Result<size_t> MakeSocketRoom(size_t threads);

}  // namespace hark

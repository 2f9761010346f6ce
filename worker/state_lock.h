#pragma once

#include <string>

#include "base/status.h"
#include "base/unique_fd.h"

namespace hark {

// Makes the directory if need be and keeps other processes out of it while the descriptor is open:
// two workers must not share a spool or an identity.
Result<UniqueFd> LockStateDirectory(const std::string& directory);

}  // namespace hark

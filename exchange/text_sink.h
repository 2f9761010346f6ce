#pragma once

// Where a writer's text goes, piece by piece: a file, a pipe, a hash. An error ends the writing and
// is returned.

#include <functional>
#include <string_view>

#include "base/status.h"

namespace hark {

using TextSink = std::function<Status(std::string_view piece)>;

}  // namespace hark

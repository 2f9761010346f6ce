#pragma once

// Runs a program we do not trust to end: it reads its input, gives its output, and is killed when
// it takes too long, too much memory, or says too much.

#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace hark {

struct ChildLimits {
  Duration time = std::chrono::seconds(5);  // of the clock on the wall; CPU time has the same
  size_t memory = size_t{2} << 30;          // bytes of address space
  size_t output = size_t{64} << 20;         // bytes of stdout
};

// argv[0]: a path, or a name that PATH knows. Its stderr is thrown away. When this returns the
// child is gone, whatever happened. kNotFound: there is no such program. kUnavailable: killed by a
// limit, died of a signal, or left with another code than 0.
Result<std::string> RunChild(const std::vector<std::string>& argv, std::string_view input,
                             const ChildLimits& limits);

}  // namespace hark

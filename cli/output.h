#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace hark {

// A command's result: to stdout for path "", else into the file, whole or not at all. What is there
// and is no file (/dev/null, a pipe) is written to and stays what it is. A full disk under a
// redirected stdout is an error like any other.
Status WriteOutput(const std::string& path, std::string_view content);

}  // namespace hark

#pragma once

#include <string>
#include <vector>

namespace hark {

// hark export: what a store holds in the formats of others, and in its own (docs/export.md).
int RunExport(const std::vector<std::string>& args);

}  // namespace hark

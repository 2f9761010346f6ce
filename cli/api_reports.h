#pragma once

// What hark report, cluster, compare and run status answer, for the API.

#include <string>

#include "api/api_context.h"

namespace hark {

ApiReports MakeApiReports(const std::string& db);

}  // namespace hark

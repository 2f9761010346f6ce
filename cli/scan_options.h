#pragma once

// What `hark scan` was asked to do.

#include <optional>
#include <string>
#include <vector>

#include "cli/plan_flags.h"
#include "cli/service_flags.h"

namespace hark {

struct ScanOptions {
  ServiceOptions service;
  PlanWishes plan;
  bool quiet = false;
  bool no_report = false;
};

// nullopt: --help was asked for and printed.
Result<std::optional<ScanOptions>> ParseScanOptions(const std::vector<std::string>& args);

}  // namespace hark

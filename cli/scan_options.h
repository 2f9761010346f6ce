#pragma once

// What `hark scan` was asked to do: its flags, and the plan they mean.

#include <optional>
#include <string>
#include <vector>

#include "coordinator/geo.h"
#include "coordinator/plan.h"

namespace hark {

struct ScanOptions {
  std::string targets;
  std::string country;
  std::string geo;
  std::vector<std::string> exclude;
  std::vector<std::string> allow_special;
  uint16_t gate_port = 25;
  std::vector<uint16_t> ports = {22, 25, 110, 143, 443, 587, 993};
  double rate = 150;
  uint32_t concurrency = 500;
  uint32_t workers = 1;
  uint32_t threads = 1;
  std::string listen;
  std::string allow_workers;
  std::string db;
  std::string run;
  std::string seed;
  std::string contact;
  std::string ehlo_name;
  uint32_t connect_timeout_ms = 4000;
  uint32_t greeting_timeout_ms = 30000;
  uint32_t conversation_timeout_ms = 60000;
  uint32_t pause_min_ms = 2000;
  uint32_t pause_max_ms = 5000;
  std::string handshake = "full";
  bool all_leaves = false;
  bool force_starttls = false;
  bool http_get = false;
  uint32_t throttle_retries = 3;
  uint32_t throttle_backoff_ms = 60000;
  uint32_t lease_seconds = 60;
  std::string worker_binary;
  bool quiet = false;
  bool no_report = false;
};

// nullopt: --help was asked for and printed.
Result<std::optional<ScanOptions>> ParseScanOptions(const std::vector<std::string>& args);

// Reads the target and exclusion files. geo: loaded from options.geo, or empty.
Result<Plan> PlanOf(const ScanOptions& options, const GeoTable& geo);

}  // namespace hark

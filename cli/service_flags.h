#pragma once

// The flags of a coordinator that runs: hark serve and hark scan.

#include <string>
#include <vector>

#include "base/log.h"
#include "cli/probe_flags.h"

namespace hark {

struct ServiceOptions {
  std::string db;
  PaceWishes pace;
  uint32_t workers = 1;
  std::string discover = "auto";
  std::string bandwidth;
  std::string listen;
  std::string allow_workers;
  uint32_t lease_seconds = 60;
  std::string worker_binary;
  std::string metrics;  // address to answer Prometheus at, "" = none
  std::string log_format = "text";
  std::string log_level = "warning";
  std::string min_free_disk;     // "" = DefaultMinFree
  bool takes_runs = false;       // that are made while it runs
  bool waits_for_space = false;  // a full disk is waited out, not an error
};

std::vector<Flag> ServiceFlags(ServiceOptions& options);
Status CheckService(const ServiceOptions& options);
LogLevel LogLevelOf(const std::string& word);
// "512M", "2G" or "5%" of a disk of that size, in bytes.
Result<uint64_t> ParseMinFree(const std::string& text, uint64_t disk_bytes);

}  // namespace hark

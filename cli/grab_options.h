#pragma once

// What `hark grab` was asked to do: its flags, and the hosts they mean.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/contact_rules.h"
#include "cli/grab_targets.h"
#include "worker/probe/probe.h"

namespace hark {

struct GrabOptions {
  std::vector<std::string> words;  // TARGET...
  std::string targets;
  std::vector<uint16_t> ports = {22, 25, 110, 143, 443, 587, 993};
  std::vector<std::string> speak;  // "2222=ssh"
  std::string format = "ndjson";
  bool der = false;
  std::vector<std::string> exclude;
  std::vector<std::string> allow_special;
  double rate = 150;
  uint32_t concurrency = 500;
  uint32_t threads = 1;
  std::string contact;
  std::string ehlo_name;
  std::string ssh_keys = "all";
  std::string handshake = "full";
  bool all_leaves = false;
  bool force_starttls = false;
  bool http_get = false;
  uint32_t connect_timeout_ms = 4000;
  uint32_t greeting_timeout_ms = 30000;
  uint32_t conversation_timeout_ms = 60000;
  uint32_t pause_min_ms = 2000;
  uint32_t pause_max_ms = 5000;
  bool quiet = false;
};

// nullopt: --help was asked for and printed.
Result<std::optional<GrabOptions>> ParseGrabOptions(const std::vector<std::string>& args);

struct GrabPlan {
  ContactRules rules;
  GrabTargets targets;    // closed
  uint64_t excluded = 0;  // named, but not to be contacted
};

// Reads the files. kInvalidInput when nothing is left, or when strangers would be contacted by
// somebody without a name.
Result<GrabPlan> PlanGrab(const GrabOptions& options);

ProbeOptions ProbesOf(const GrabOptions& options);

// What is spoken on the ports --speak names.
Result<std::map<uint16_t, Protocol>> SpokenOn(const GrabOptions& options);

}  // namespace hark

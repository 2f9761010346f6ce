#pragma once

// What `hark grab` was asked to do: its flags, and the hosts they mean.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/contact_rules.h"
#include "cli/grab_targets.h"
#include "cli/probe_flags.h"
#include "worker/probe/probe.h"

namespace hark {

struct GrabOptions {
  std::vector<std::string> words;  // TARGET...
  std::string targets;
  std::vector<std::string> speak;  // "2222=ssh"
  ClosedWishes closed;
  ProbeWishes probe;
  std::string ssh_keys = "all";
  PaceWishes pace;
  std::string format = "ndjson";
  bool der = false;
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

#pragma once

// How the operator says what certificates and cipher suites are judged by.

#include <memory>
#include <string>
#include <vector>

#include "analysis/run_facts.h"
#include "base/status.h"
#include "cli/flags.h"

namespace hark {

struct TrustFlags {
  std::string ca_bundle;  // "" = the system's
  std::string at;         // "" = when each host was grabbed

  bool given() const { return !ca_bundle.empty() || !at.empty(); }
};

struct FactsFlags {
  TrustFlags trust;
  std::string suite_policy;  // "" = the paper's

  bool given() const { return trust.given() || !suite_policy.empty(); }
};

// --ca_bundle and --at.
std::vector<Flag> TrustFlagTable(TrustFlags* flags);
// These and --suite_policy.
std::vector<Flag> FactsFlagTable(FactsFlags* flags);

struct FactsInput {
  std::unique_ptr<TrustStore> trust;  // declared first: outlives the options
  FactsOptions options;
};

// kInvalidInput, in one line, for a file that cannot be read or a moment that is none. A machine
// without a bundle of its own is no failure: trust is not judged, and the options say so.
Result<FactsInput> LoadFactsInput(const FactsFlags& flags);

}  // namespace hark

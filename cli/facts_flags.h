#pragma once

// How the operator says what certificates and cipher suites are judged by.

#include <memory>
#include <string>
#include <vector>

#include "analysis/run_facts.h"
#include "base/status.h"
#include "cli/flags.h"

namespace hark {

struct FactsFlags {
  std::string ca_bundle;     // "" = the system's
  std::string at;            // "" = when each host was grabbed
  std::string suite_policy;  // "" = the paper's
};

// --ca_bundle, --at and --suite_policy.
std::vector<Flag> FactsFlagTable(FactsFlags* flags);

struct FactsInput {
  std::unique_ptr<TrustStore> trust;  // declared first: outlives the options
  FactsOptions options;
};

// kInvalidInput, in one line, for a file that cannot be read or a moment that is none. A machine
// without a bundle of its own is no failure: trust is not judged, and the options say so.
Result<FactsInput> LoadFactsInput(const FactsFlags& flags);

// "2018-03-16" (its first moment, UTC) or RFC 3339 ("2018-03-16T12:00:00Z", "…+01:00").
Result<int64_t> ParseMoment(std::string_view text);

}  // namespace hark

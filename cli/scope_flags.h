#pragma once

// The flags with which commands that only look say what they look at: one run, several as one, or a
// part of them (analysis/scope.h).

#include <memory>
#include <string>
#include <vector>

#include "analysis/scope.h"
#include "base/status.h"
#include "cli/flags.h"
#include "storage/store.h"

namespace hark {

// As given; ScopeOf checks it.
struct ScopeWishes {
  std::vector<std::string> runs;  // none = the newest
  bool together = false;
  std::vector<std::string> asns;
  std::vector<std::string> countries;
  std::string prefixes;
  std::vector<uint16_t> ports;
  std::string since, until;
  std::string ssh_keys = "all";
  std::string only_keys, without_keys;  // files
};

// --run, --together and those of the scope. wishes must outlive their use.
std::vector<Flag> ScopeFlags(ScopeWishes& wishes);

// kInvalidInput names the flag and what is wrong. Reads the files.
Result<Scope> ScopeOf(const ScopeWishes& wishes);

// "2018-04-30", "2018-04-30T08:00" or "2018-04-30T08:00:00", a Z after it or not, always UTC; in
// milliseconds since 1970.
Result<int64_t> ParseUtcTime(const std::string& text);

// What the commands read: the runs and the store they live in.
struct ScopedRun {
  std::unique_ptr<Store> store;  // declared first: outlives the reader
  std::unique_ptr<RunReader> reader;
  std::vector<std::string> words;  // ScopeWords
};

// Each run is narrowed by itself before they are put together: a host is of the AS, the country and
// the time that the run says.
Result<ScopedRun> OpenScope(const std::string& db, const ScopeWishes& wishes);

}  // namespace hark
